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
using http::Chunk;
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
    auto tried = co_await try_once();
    if (tried && tried->proceeds()) co_return co_await relay();
    uploads_.cancel_all();
    if (tried) co_return tried;
    const Error& error = tried.error();
    bool again = may_try_again(error);
    if (error.side == Side::kUpstream) {
      note_failure(error);
      log::at(again ? log::Level::kInfo : log::Level::kWarn, "upstream {}: {}{}", endpoint_->text, error.what,
              again ? "; trying another" : "");
    }
    if (!again) co_return Verdict::answer(answer_for_error(exchange_, error));
    connection_.reset();
    tried_.add(endpoint_);
  }
}

Task<Result<Verdict>> Forward::try_once() {
  note_try();
  if (journey_.plan->chain->has(Phase::kBeforeProxy)) {
    Verdict verdict = co_await journey_.chain->run(Phase::kBeforeProxy);
    if (!verdict.proceeds()) co_return verdict;
  }
  Status heads = co_await exchange_heads(false);
  if (!heads && was_stale(heads.error())) heads = co_await exchange_heads(true);
  // What a plugin has decided about the body counts more than what an upstream says that has seen a part of it.
  if (auto& decided = journey_.body->verdict()) co_return std::move(*decided);
  if (!heads) co_return fail(upload_error_ ? std::move(*upload_error_) : std::move(heads).error());
  co_return Verdict::proceed();
}

Task<Result<Verdict>> Forward::relay() {
  auto relayed = co_await ResponseRelay(journey_, options_).relay(connection_->wire());
  exchange_.timing.upstream_response = reactor_.now() - try_began_;
  uploads_.cancel_all();
  if (relayed && relayed->proceeds()) pool_.give_back(std::move(connection_), cluster_.keepalive_pool());
  co_return relayed;
}

Task<Status> Forward::exchange_heads(bool fresh) {
  uploads_.cancel_all();
  upload_error_.reset();
  request_begun_ = false;
  journey_.body->rewind();
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
  if (std::exchange(request_begun_, true)) return {};
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
  if (journey_.body->wants_invitation()) return invite_and_upload();
  uploads_.spawn(upload());
  return Status{};
}

// The invitation is sent from here, not beside the wait for the response: both write to the client.
Task<Status> Forward::invite_and_upload() {
  CO_TRY_STATUS(co_await before_wait());
  CO_TRY_STATUS(co_await journey_.body->invite());
  uploads_.spawn(upload());
  co_return Status{};
}

// Runs beside the wait for the response, which may come before the body has ended. A failure ends that wait; but where
// the upstream is at fault, its response, or its absence, tells more.
Task<void> Forward::upload() {
  Status uploaded;
  try {
    uploaded = co_await upload_body();
  } catch (const std::exception& thrown) {
    uploaded = fail(ErrorCode::kInternal, thrown.what());
  }
  if (uploaded || uploaded.error().side == Side::kUpstream) co_return;
  upload_error_ = std::move(uploaded).error();
  connection_->wire().stream().abort();
}

Task<Status> Forward::upload_body() {
  for (;;) {
    CO_TRY(Chunk piece, co_await journey_.body->next(*this));
    CO_TRY_STATUS(begin_request(journey_.body->length_upstream(piece)));
    CO_TRY_STATUS(co_await connection_->wire().write(piece, wire::BodyWriter::Flush::kWhenLarge));
    if (piece.is_last) co_return Status{};
  }
}

// The upstream may decide by the head alone, or by what has arrived of the body.
Task<Status> Forward::before_wait() {
  if (Status begun = begin_request(journey_.body->length_upstream({})); !begun) return begun;
  return connection_->wire().flush();
}

Task<Status> Forward::read_final_head() {
  http::ResponseHead& head = exchange_.response;
  for (;;) {
    head.headers.clear();
    bool uploads = !uploads_.empty();
    Status read = co_await connection_->wire().read_head(head);
    bool is_early = uploads && !read && read.error().code == ErrorCode::kTimeout;
    if (is_early) continue;  // the time to answer begins when the request has left
    CO_TRY_STATUS(std::move(read));
    if (head.status >= 200) break;
    if (head.status == 101) {
      co_return fail(Error{ErrorCode::kProtocol, "the upstream switched protocols without being asked", Side::kUpstream,
                           Retry::kNever});
    }
    if (head.status != 100) CO_TRY_STATUS(co_await journey_.client.send_interim(head));
  }
  exchange_.timing.upstream_header = reactor_.now() - try_began_;
  exchange_.upstream_status = head.status;
  note_status(head.status);
  co_return Status{};
}

// Whether the request may be sent once more: it is idempotent, or nothing of it has left; and all of it is still there.
bool Forward::may_repeat() const {
  bool has_left = connection_ && connection_->wire().request_begun();
  return (!has_left || http::is_idempotent(exchange_.request.method)) && journey_.body->can_rewind();
}

// The peer closed a kept connection before it saw this request: costs no try.
bool Forward::was_stale(const Error& error) const {
  return reused_ && !upload_error_ && error.code == ErrorCode::kClosed && error.side == Side::kUpstream &&
         !connection_->wire().response_begun() && may_repeat();
}

bool Forward::may_try_again(const Error& error) const {
  if (error.side != Side::kUpstream || error.code == ErrorCode::kProtocol) return false;
  if (exchange_.tries > cluster_.retries()) return false;
  if (cluster_.retry_timeout().count() > 0 && reactor_.now() - began_ >= cluster_.retry_timeout()) return false;
  return may_repeat();
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
  exchange_.upstream_statuses = append_to_list(exchange_.arena, exchange_.upstream_statuses,
                                               {text.data(), static_cast<std::size_t>(end - text.data())});
}

// A try without a response is shown by the status that it would give.
void Forward::note_failure(const Error& error) { note_status(error.code == ErrorCode::kTimeout ? 504 : 502); }

}  // namespace sallyport::proxy
