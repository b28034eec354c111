#include "proxy/forward.h"

#include "base/bytes.h"
#include "base/log.h"
#include "http/extended_connect.h"
#include "proxy/answers.h"
#include "proxy/forwarded_fields.h"
#include "proxy/response_relay.h"
#include "upstream/further_try.h"
#include "upstream/health_reports.h"
#include "upstream/reach.h"
#include "upstream/tls_peer.h"
#include "wire/websocket_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sallyport::proxy {

using chain::Phase;
using chain::Verdict;
using http::BodyLength;
using http::Chunk;
using upstream::PassHost;

namespace {

constexpr std::string_view kWebsocket = "websocket";  // RFC 6455
constexpr std::string_view kAccept = "Sec-WebSocket-Accept";

// h2c, for one, is never passed on.
bool wants_websocket(const exchange::Exchange& exchange, const snapshot::Plan& plan) {
  const http::RequestHead& request = exchange.request;
  return plan.enable_websocket && !request.upgrade.empty() && request.method == "GET" && request.body.is_empty() &&
         equals_ignoring_case(request.upgrade, kWebsocket);
}

}  // namespace

Forward::Forward(Journey& journey, const Surroundings& around)
    : journey_(journey),
      exchange_(journey.exchange),
      cluster_(*journey.plan->cluster),
      around_(around),
      connection_(journey.connection),
      began_(around.reactor.now()),
      deadline_(CallDeadline::of(journey.exchange.request, around.reactor)) {}

Forward::~Forward() {
  uploads_.cancel_all();
  if (!ended_well_) connection_ = {};
}

Task<Verdict> Forward::run() {
  add_forwarded_fields(exchange_, journey_.local_port);
  exchange_.upstream_scheme = cluster_.scheme();
  if (Status fits = journey_.body->check_arrived(); !fits) {
    co_return Verdict::answer(answer_for_error(exchange_, fits.error()));
  }
  for (;;) {
    auto endpoint = co_await in_time(around_.balancer.pick(cluster_, exchange_, tried_));
    if (!endpoint) {
      tell(log::Level::kWarn, fmt::format("route {}: {}", exchange_.matched.route_id, endpoint.error().what));
      co_return answer_for(endpoint.error());
    }
    note_try(std::move(*endpoint));
    if (journey_.chain->chain().has(Phase::kBeforeProxy)) {
      Verdict verdict = co_await journey_.chain->run(Phase::kBeforeProxy);
      if (!verdict.proceeds()) co_return verdict;
    }
    Status heads = co_await exchange_heads();
    // What a plugin has decided about the body counts more than what an upstream says that has seen a part of it.
    if (auto& decided = journey_.body->verdict()) co_return std::move(*decided);
    if (heads) {
      ResponseRelay relay(journey_, around_.options, deadline_ ? &*deadline_ : nullptr);
      Task<Verdict> relaying =
          has_switched() ? relay.relay_switch(connection_.wire(), around_.reactor) : relay.relay(connection_.wire());
      Verdict relayed = co_await relaying;
      end(relayed);
      co_return relayed;
    }
    const Error& error = upload_error_ ? *upload_error_ : heads.error();
    if (!goes_on_after(error)) co_return answer_for(error);
  }
}

Verdict Forward::answer_for(const Error& error) {
  const bool is_deadline = error.side == Side::kUpstream && is_too_late();
  return Verdict::answer(is_deadline ? answer_for_deadline(exchange_) : answer_for_error(exchange_, error));
}

// The client's deadline counts where it comes before the time-outs of the route.
template <class T>
Task<T>&& Forward::in_time(Task<T>&& work) const {
  if (deadline_ && !work.is_ready()) work = until_over(around_.reactor, *deadline_, std::move(work));
  return std::move(work);
}

// Whether another try follows.
bool Forward::goes_on_after(const Error& error) {
  uploads_.cancel_all();
  bool again = may_try_again(error);
  if (error.side == Side::kUpstream) {
    note_failure(error);
    tell(again ? log::Level::kInfo : log::Level::kWarn,
         fmt::format("upstream {}: {}{}", endpoint_->text, error.what, again ? "; trying another" : ""));
  }
  if (!again) return false;
  connection_ = {};
  tried_.add(endpoint_);
  return true;
}

void Forward::tell(log::Level level, std::string_view line) const {
  around_.log.failures().write(level, line, around_.reactor.now());
}

// A body whose length left with its head has no place for them (RFC 9112 7.1.2): those of a plugin, or of a client of
// HTTP/2 that had told the length.
void Forward::check_trailers(const Chunk& last) const {
  BodyLength told = journey_.body->length_upstream({last.bytes, false});
  if (told.kind == BodyLength::Kind::kSized) tell_lost_trailers("request");
}

void Forward::tell_lost_trailers(std::string_view whose) const {
  tell(log::Level::kWarn, fmt::format("route {}: trailers of the {} are left out: the length of its body had left with "
                                      "the head, and HTTP/1.1 has no place for them behind such a body",
                                      exchange_.matched.route_id, whose));
}

void Forward::end(const Verdict& relayed) {
  exchange_.timing.upstream_response = around_.reactor.now() - try_began_;
  uploads_.cancel_all();
  if (journey_.trailers_lost) tell_lost_trailers("response");
  ended_well_ = relayed.proceeds();
}

Task<Status> Forward::exchange_heads() {
  http::ResponseHead& head = exchange_.response;
  for (bool fresh = false;; fresh = true) {
    begin_attempt();
    Status done = co_await lease_connection(fresh);
    if (done) done = co_await send_request();
    while (done) {
      bool uploads = !uploads_.empty();
      head.headers.clear();
      if (deadline_) connection_.wire().limit_reads(deadline_->within(journey_.plan->timeouts.read));
      done = co_await connection_.wire().read_head(head);
      if (done && (head.status >= 200 || has_switched())) {
        CO_TRY_STATUS(check_accept());
        note_final_head();
        co_return done;
      }
      bool is_early = !done && uploads && done.error().code == ErrorCode::kTimeout && !is_too_late();
      if (done) {
        done = co_await pass_interim();
      } else if (is_early) {
        done = Status{};  // the time to answer begins when the request has left
      }
    }
    if (!was_stale(done.error())) co_return done;
  }
}

void Forward::begin_attempt() {
  uploads_.cancel_all();
  upload_error_.reset();
  connection_ = {};  // what follows may fail before there is another
  exchange_.timing.upstream_ready = std::chrono::nanoseconds(-1);
  exchange_.connect_failure = {};
  reused_ = false;
  request_begun_ = false;
  journey_.body->rewind();
}

// `fresh`: the last one was kept, and its peer had closed it.
Task<Status> Forward::lease_connection(bool fresh) {
  if (cluster_.tls()) return lease_over_tls(fresh);
  if (takes_kept(fresh, nullptr)) return Status{};
  return connect(std::nullopt);
}

Task<Status> Forward::lease_over_tls(bool fresh) {
  CO_TRY(upstream::TlsPeer peer, this->peer());
  if (takes_kept(fresh, &peer)) co_return Status{};
  co_return co_await connect(std::move(peer));
}

bool Forward::takes_kept(bool fresh, const upstream::TlsPeer* peer) {
  connection_ = upstream::take_kept(around_.pool, cluster_, *endpoint_, peer, fresh);
  reused_ = connection_ && !fresh;
  if (connection_) exchange_.timing.upstream_ready = around_.reactor.now() - try_began_;
  return bool(connection_);
}

Task<Status> Forward::connect(std::optional<upstream::TlsPeer> peer) {
  const upstream::Target target{cluster_, *endpoint_, tried_, journey_.plan->timeouts.connect};
  auto reached = co_await in_time(upstream::reach(around_.pool, around_.balancer, target, std::move(peer)));
  if (!reached) {
    exchange_.connect_failure = exchange_.arena.copy(reached.error().what);
    co_return fail(std::move(reached).error());
  }
  connection_ = std::move(reached->lease);
  exchange_.timing.upstream_ready = exchange_.timing.upstream_connect = around_.reactor.now() - try_began_;
  if (reached->instead.get()) switch_to(reached->instead);
  co_return Status{};
}

Result<upstream::TlsPeer> Forward::peer() const {
  const std::string& id = cluster_.tls()->identity_id;
  tls::ClientIdentityPtr named = id.empty() ? nullptr : journey_.snapshot->client_identity(id);
  return upstream::tls_peer(cluster_, host_for_upstream(), std::move(named));
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
  std::string_view host = host_for_upstream();
  bool is_clients = host.data() == exchange_.request.authority.data();  // which was checked when it was read
  asked_to_switch_ = wants_websocket(exchange_, *journey_.plan);
  wire::RequestLine line{exchange_.request.method, exchange_.path, exchange_.query,
                         exchange_.has_query,      host,           is_clients};
  if (asked_to_switch_) line.upgrade = kWebsocket;
  if (asked_to_switch_ && http::is_extended_connect(exchange_.request)) {
    if (websocket_key_.empty()) websocket_key_ = exchange_.arena.copy(wire::make_websocket_key());
    exchange_.request.headers.set_view("Sec-WebSocket-Key", websocket_key_);
  }
  return connection_.wire().begin_request(line, exchange_.request.headers, body,
                                          {timeouts.connect, timeouts.send, timeouts.read});
}

Task<Status> Forward::send_request() {
  if (journey_.body->is_empty()) {
    if (Status begun = begin_request(exchange_.request.body); !begun) return begun;
    return connection_.wire().write({{}, true}, wire::BodyWriter::Flush::kNow);
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
  connection_.wire().abort();
}

Task<Status> Forward::upload_body() {
  for (;;) {
    CO_TRY(Chunk piece, co_await journey_.body->next(*this));
    if (piece.trailers && request_begun_) check_trailers(piece);
    CO_TRY_STATUS(begin_request(journey_.body->length_upstream(piece)));
    CO_TRY_STATUS(co_await connection_.wire().write(piece, wire::BodyWriter::Flush::kWhenLarge));
    if (piece.is_last) co_return Status{};
  }
}

// The upstream may decide by the head alone, or by what has arrived of the body.
Task<Status> Forward::before_wait() {
  if (Status begun = begin_request(journey_.body->length_upstream({})); !begun) return begun;
  return connection_.wire().flush();
}

bool Forward::has_switched() const {
  const http::ResponseHead& head = exchange_.response;
  return asked_to_switch_ && head.status == 101 && equals_ignoring_case(head.upgrade, kWebsocket);
}

// Whether a server that has switched has read our key (RFC 6455 4.1), of which the client knows nothing.
Status Forward::check_accept() {
  if (websocket_key_.empty() || !has_switched()) return {};
  http::Headers& headers = exchange_.response.headers;
  const bool is_right = headers.get(kAccept) == wire::websocket_accept(websocket_key_);
  headers.remove(kAccept);
  if (is_right) return {};
  return fail(Error{ErrorCode::kProtocol, "the upstream switched without an answer to Sec-WebSocket-Key",
                    Side::kUpstream, Retry::kNever});
}

Task<Status> Forward::pass_interim() {
  const http::ResponseHead& head = exchange_.response;
  if (head.status == 101) {
    return Status(fail(Error{ErrorCode::kProtocol, "the upstream switched to a protocol that it was not asked for",
                             Side::kUpstream, Retry::kNever}));
  }
  return head.status == 100 ? Task<Status>(Status{}) : journey_.client.send_interim(head);
}

void Forward::note_final_head() {
  exchange_.timing.upstream_header = around_.reactor.now() - try_began_;
  exchange_.upstream_status = exchange_.response.status;
  note_status(exchange_.upstream_status);
  upstream::report_status(cluster_, *endpoint_, exchange_.upstream_status, around_.reactor.now());
  upstream::report_latency(cluster_, *endpoint_, exchange_.timing.upstream_header, around_.reactor.now());
}

// Whether the request may be sent once more: it is idempotent, or nothing of it has left; and all of it is still there.
bool Forward::may_repeat() const {
  bool has_left = connection_ && connection_.wire().request_begun();
  return (!has_left || http::is_idempotent(exchange_.request.method)) && journey_.body->can_rewind();
}

// The peer closed a kept connection before it saw this request: costs no try.
bool Forward::was_stale(const Error& error) const {
  return reused_ && !upload_error_ && upstream::was_stale(connection_.wire(), error) && may_repeat();
}

bool Forward::may_try_again(const Error& error) const {
  const auto elapsed = around_.reactor.now() - began_;
  return !is_too_late() && upstream::allows_further_try(cluster_, error, exchange_.tries, elapsed) && may_repeat();
}

void Forward::note_try(upstream::EndpointRef endpoint) {
  endpoint_ = std::move(endpoint);
  ++exchange_.tries;
  try_began_ = around_.reactor.now();
  tried_before_ = exchange_.upstream_addresses;
  show_endpoint();
}

// Another address of the same node has answered first.
void Forward::switch_to(const upstream::EndpointOwner& other) {
  tried_.add(endpoint_);
  endpoint_ = upstream::EndpointRef(other.get());
  show_endpoint();
}

void Forward::show_endpoint() {
  const std::string_view earlier = tried_before_;
  exchange_.upstream_addresses =
      earlier.empty() ? endpoint_->text : exchange_.arena.join(earlier, ", ", endpoint_->text);
  exchange_.endpoint = endpoint_->view();
  journey_.endpoint = upstream::EndpointOwner(endpoint_);  // the earlier one may end here
}

void Forward::note_status(int status) {
  const std::string_view present = http::status_digits(status);
  std::string_view& all = exchange_.upstream_statuses;
  all = all.empty() ? present : exchange_.arena.join(all, ", ", present);
}

// A try without a response is shown by the status that it would give.
void Forward::note_failure(const Error& error) {
  note_status(error.code == ErrorCode::kTimeout ? 504 : 502);
  const SteadyTime now = around_.reactor.now();
  if (error.code == ErrorCode::kTimeout) upstream::report_latency(cluster_, *endpoint_, now - try_began_, now);
  if (!is_too_late()) upstream::report_failure(cluster_, *endpoint_, error, now);
}

}  // namespace sallyport::proxy
