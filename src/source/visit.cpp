#include "source/visit.h"

#include "base/bytes.h"
#include "resources/upstream.h"
#include "source/reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::source {
namespace {

constexpr int kMostRedirects = 5;
constexpr Milliseconds kLookupTimeout{5'000};
constexpr Milliseconds kConnectTimeout{10'000};
constexpr std::int64_t kRetries = 2;  // at further addresses of the host

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

resources::Upstream upstream_of(const Url& url, Milliseconds timeout) {
  resources::Upstream upstream;
  upstream.nodes.push_back({url.host, url.port});
  upstream.scheme = url.is_secure ? resources::Scheme::kHttps : resources::Scheme::kHttp;
  if (url.is_secure) upstream.tls = json::Object{{"verify", true}};
  upstream.timeout = {std::min(kConnectTimeout, timeout), timeout, timeout};
  upstream.retries = kRetries;
  upstream.keepalive_pool = {2, Milliseconds(10'000), 100};
  return upstream;
}

}  // namespace

Web::Client::Client(Web& web, upstream::ForbiddenAddresses not_these)
    : forbidden(std::move(not_these)),
      balancer(web.reactor_, web.resolver_, {forbidden, kLookupTimeout, Milliseconds(0)}),
      caller(web.reactor_, balancer, web.pool_, web.clock_) {}

Web::Web(async::Reactor& reactor, async::Resolver& resolver, const tls::ClientContext& tls, const Clock& clock,
         const upstream::ForbiddenAddresses& own)
    : reactor_(reactor),
      resolver_(resolver),
      clock_(clock),
      pool_(reactor, &tls),
      open_(*this, upstream::ForbiddenAddresses(own.listeners(), never_reached())),
      public_only_(*this, upstream::ForbiddenAddresses(own.listeners(), not_public())) {}

Task<Status> Visit::look_at(const Url& url, bool is_named) {
  if (!std::exchange(knows_named_, true)) {
    CO_TRY(const Addresses addresses, co_await web_.resolver_.lookup(named_.host, kLookupTimeout));
    from_public_ = !any_in(not_public(), addresses);
  }
  CO_TRY(const Addresses addresses, co_await web_.resolver_.lookup(url.host, kLookupTimeout));
  co_return may_reach(url.host, addresses, is_named, from_public_);
}

Task<Result<http::CallAnswer>> Visit::get(Wanted wanted) {
  Url url = wanted.url;
  for (int redirects = 0;; ++redirects) {
    auto answer = co_await get_once(url, wanted, url.has_same_origin(wanted.url));
    if (!answer || !is_redirect(answer->status)) co_return answer;
    auto next = follow(url, field(*answer, "location"));
    if (!next) co_return fail_at(url.shown() + ": the redirect", std::move(next).error());
    if (redirects == kMostRedirects) co_return fail(ErrorCode::kInvalid, url.shown() + ": too many redirects");
    if (url.is_secure && !next->is_secure) {
      co_return fail(ErrorCode::kInvalid, url.shown() + ": the redirect leads from TLS to clear text");
    }
    url = *std::move(next);
  }
}

Task<Result<http::CallAnswer>> Visit::get_once(const Url& url, const Wanted& wanted, bool with_secret) {
  const std::string where = url.shown();
  const bool is_named = url.has_same_origin(named_);
  Status looked = co_await look_at(url, is_named);
  if (!looked) co_return fail_at(where, std::move(looked).error());
  Web::Client& client = is_named || !from_public_ ? web_.open_ : web_.public_only_;
  auto cluster = upstream::Cluster::compile(upstream_of(url, timeout_), "source/" + where, client.forbidden);
  if (!cluster) co_return fail_at(where, std::move(cluster).error());
  http::CallRequest request;
  request.method = wanted.body.empty() ? "GET" : "POST";
  request.target = url.target;
  request.authority = url.authority();
  request.headers = wanted.headers;
  request.body = wanted.body;
  request.headers.emplace_back("User-Agent", "sallyport");
  if (with_secret)
    request.headers.insert(request.headers.end(), wanted.secret_headers.begin(), wanted.secret_headers.end());
  if (with_secret && !wanted.authorization.empty()) request.headers.emplace_back("Authorization", wanted.authorization);
  const upstream::CallLimits limits{timeout_, wanted.most_bytes};
  auto answer = co_await client.caller.call(*std::move(cluster), std::move(request), limits);
  if (!answer) co_return fail(ErrorCode::kUnavailable, where + ": " + answer.error().what);
  co_return *std::move(answer);
}

std::string_view field(const http::CallAnswer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::unexpected<Error> refused(const Url& url, int status) {
  std::string_view advice;
  if (status == 401 || status == 403) advice = "; give username and password, or token, that may read it";
  if (status == 404) advice = "; there is nothing of that name";
  if (status == 429) advice = "; it was asked too often";
  return fail(ErrorCode::kUnavailable, fmt::format("{}: the answer is {}{}", url.shown(), status, advice));
}

}  // namespace sallyport::source
