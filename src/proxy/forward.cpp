#include "proxy/forward.h"

#include "base/log.h"
#include "proxy/answers.h"
#include "proxy/forwarded_fields.h"
#include "proxy/response_relay.h"

#include <array>
#include <charconv>

namespace sallyport::proxy {

using chain::Phase;
using chain::Verdict;
using http::BodyLength;
using upstream::PassHost;

namespace {

std::string_view append_to_list(Arena& arena, std::string_view list, std::string_view item) {
  return list.empty() ? arena.copy(item) : arena.join(list, ", ", item);
}

}  // namespace

Forward::Forward(Journey& journey, async::Reactor& reactor, upstream::Balancer& balancer,
                 upstream::ConnectionPool& pool, const Options& options)
    : journey_(journey),
      exchange_(journey.exchange),
      cluster_(*journey.plan->cluster),
      reactor_(reactor),
      balancer_(balancer),
      pool_(pool),
      options_(options),
      began_(reactor.now()) {}

Task<Result<Verdict>> Forward::run() {
  add_forwarded_fields(exchange_);
  exchange_.upstream_scheme = cluster_.scheme();
  for (;;) {
    auto endpoint = co_await balancer_.pick(cluster_, exchange_, tried_);
    if (!endpoint) {
      log::warn("route {}: {}", exchange_.matched.route_id, endpoint.error().what);
      co_return Verdict::answer(answer_for_error(exchange_, endpoint.error()));
    }
    endpoint_ = std::move(*endpoint);
    note_try();
    if (journey_.plan->chain->has(Phase::kBeforeProxy)) {
      Verdict verdict = co_await journey_.chain->run(Phase::kBeforeProxy);
      if (!verdict.proceeds()) co_return verdict;
    }
    Status heads = co_await exchange_heads(false);
    if (!heads && was_stale(heads.error())) heads = co_await exchange_heads(true);
    if (heads) break;
    uploads_.cancel_all();
    Error error = upload_error_ ? std::move(*upload_error_) : std::move(heads).error();
    auto& decided = journey_.body->verdict();
    if (decided) co_return std::move(*decided);
    connection_.reset();
    if (!may_try_again(error)) {
      if (error.side == Side::kUpstream) log::warn("upstream {}: {}", endpoint_->text, error.what);
      co_return Verdict::answer(answer_for_error(exchange_, error));
    }
    log::info("upstream {}: {}; trying another", endpoint_->text, error.what);
    tried_.add(endpoint_);
  }
  auto relayed = co_await ResponseRelay(journey_, options_).relay(connection_->wire());
  exchange_.timing.upstream_response = reactor_.now() - try_began_;
  if (relayed && relayed->proceeds()) {
    const auto& keep = cluster_.keepalive_pool();
    uploads_.cancel_all();
    pool_.give_back(std::move(connection_), keep);
  }
  co_return relayed;
}

Task<Status> Forward::exchange_heads(bool fresh) {
  uploads_.cancel_all();
  upload_error_.reset();
  if (!journey_.body->rewind()) {
    co_return fail(
        Error{ErrorCode::kClosed, "the request body is too long to be sent again", Side::kUpstream, Retry::kNever});
  }
  CO_TRY_STATUS(co_await lease_connection(fresh));
  CO_TRY_STATUS(co_await send_request());
  co_return co_await read_final_head();
}

Task<Status> Forward::lease_connection(bool fresh) {
  connection_ = fresh ? nullptr : pool_.take(endpoint_->address);
  reused_ = connection_ != nullptr;
  if (reused_) return Status{};
  return connect();
}

Task<Status> Forward::connect() {
  auto connection = co_await pool_.connect(endpoint_->address, journey_.plan->timeouts.connect);
  if (!connection) co_return fail(std::move(connection).error());
  connection_ = std::move(*connection);
  exchange_.timing.upstream_connect = reactor_.now() - try_began_;
  co_return Status{};
}

std::string_view Forward::host_for_upstream() const {
  if (!exchange_.upstream_host.empty()) return exchange_.upstream_host;
  switch (cluster_.pass_host()) {
    case PassHost::kNode:
      return endpoint_->host_header;
    case PassHost::kRewrite:
      return cluster_.upstream_host();
    case PassHost::kPass:
      break;
  }
  return exchange_.request.authority.empty() ? std::string_view(endpoint_->host_header) : exchange_.request.authority;
}

Status Forward::begin_request(BodyLength body) {
  const upstream::Timeouts& timeouts = journey_.plan->timeouts;
  wire::RequestLine line{exchange_.request.method, exchange_.path, exchange_.query, exchange_.has_query,
                         host_for_upstream()};
  return connection_->wire().begin_request(line, exchange_.request.headers, body,
                                           {timeouts.connect, timeouts.send, timeouts.read});
}

Task<Status> Forward::send_request() {
  if (journey_.body->is_empty()) {
    if (Status begun = begin_request(exchange_.request.body); !begun) return begun;
    return connection_->wire().write({{}, true}, wire::BodyWriter::Flush::kNow);
  }
  return invite_and_upload();
}

// The invitation leaves before anything waits for the response: both are written to the client.
Task<Status> Forward::invite_and_upload() {
  CO_TRY_STATUS(co_await journey_.body->invite());
  uploads_.spawn(upload());
  co_return Status{};
}

// Runs beside the wait for the response, which may come before the body has ended. A failure ends that wait.
Task<void> Forward::upload() {
  RequestBody& body = *journey_.body;
  wire::ClientConnection& upstream = connection_->wire();
  bool begun = false;
  for (;;) {
    if (!body.has_arrived()) {  // the upstream may have use for what is there, be it the head alone
      if (!begun) begun = begins(body.length_upstream({}));
      if (!begun || !co_await upstream.flush()) co_return;
    }
    auto piece = co_await body.next();
    if (!piece) co_return break_off(std::move(piece).error());
    if (!begun) begun = begins(body.length_upstream(*piece));
    if (!begun) co_return;
    // When it fails, the response, or its absence, tells more.
    if (!co_await upstream.write(*piece, wire::BodyWriter::Flush::kWhenLarge)) co_return;
    if (piece->is_last) co_return;
  }
}

bool Forward::begins(BodyLength body) {
  Status begun = begin_request(body);
  if (begun) return true;
  break_off(std::move(begun).error());
  return false;
}

void Forward::break_off(Error error) {
  upload_error_ = std::move(error);
  connection_->wire().stream().abort();
}

Task<Status> Forward::read_final_head() {
  http::ResponseHead& head = exchange_.response;
  for (;;) {
    head.headers.clear();
    CO_TRY_STATUS(co_await connection_->wire().read_head(head));
    if (head.status >= 200) break;
    if (head.status == 101) {
      co_return fail(Error{ErrorCode::kProtocol, "the upstream switched protocols without being asked", Side::kUpstream,
                           Retry::kNever});
    }
    if (head.status != 100) CO_TRY_STATUS(co_await journey_.client.send_interim(head));
  }
  exchange_.timing.upstream_header = reactor_.now() - try_began_;
  note_status(head.status);
  co_return Status{};
}

// The peer closed a kept connection before it saw this request: costs no try.
bool Forward::was_stale(const Error& error) const {
  return reused_ && !upload_error_ && error.code == ErrorCode::kClosed && error.side == Side::kUpstream &&
         !connection_->wire().response_begun() &&
         (http::is_idempotent(exchange_.request.method) || !connection_->wire().request_begun());
}

bool Forward::may_try_again(const Error& error) const {
  if (error.side != Side::kUpstream || error.code == ErrorCode::kProtocol) return false;
  if (exchange_.tries > cluster_.retries()) return false;
  if (cluster_.retry_timeout().count() > 0 && reactor_.now() - began_ >= cluster_.retry_timeout()) return false;
  return error.retry == Retry::kSafe || http::is_idempotent(exchange_.request.method);
}

void Forward::note_try() {
  ++exchange_.tries;
  try_began_ = reactor_.now();
  exchange_.endpoint = endpoint_->view_in(exchange_.arena);
  exchange_.upstream_addresses = append_to_list(exchange_.arena, exchange_.upstream_addresses, endpoint_->text);
}

void Forward::note_status(int status) {
  std::array<char, 4> text{};
  auto end = std::to_chars(text.data(), text.data() + text.size(), status).ptr;
  exchange_.upstream_status = status;
  exchange_.upstream_statuses = append_to_list(exchange_.arena, exchange_.upstream_statuses,
                                               {text.data(), static_cast<std::size_t>(end - text.data())});
}

}  // namespace sallyport::proxy
