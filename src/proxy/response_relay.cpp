#include "proxy/response_relay.h"

#include "base/log.h"
#include "http/date.h"
#include "http/extended_connect.h"
#include "proxy/answers.h"
#include "proxy/next_piece.h"
#include "proxy/trailers.h"
#include "wire/stream_tunnel.h"
#include "wire/tunnel.h"

namespace sallyport::proxy {

using chain::Phase;
using chain::Verdict;
using exchange::ResponseSource;
using http::BodyLength;
using http::Chunk;
using http::FieldName;
using http::Response;

namespace {

constexpr int kNoResponse = 444;  // nginx's status for the log: the connection was closed without an answer
constexpr std::size_t kStatusDigits = 3;

// Why a response stayed a fragment, for the log.
std::string_view reason_of_fragment(const Error& error) {
  if (error.side == Side::kUpstream) return "upstream_broke_off";
  if (error.side == Side::kInternal) return "internal";
  return error.code == ErrorCode::kTimeout ? "client_timeout" : "client_closed";
}

bool says_server_error(std::string_view statuses) {
  return statuses.size() >= kStatusDigits && statuses[statuses.size() - kStatusDigits] == '5';
}

}  // namespace

bool ResponseRelay::sends_no_body() const noexcept {
  return http::has_no_body(journey_.exchange.request_method, journey_.exchange.response.status);
}

// Server and Date, and what the upstream answered when the client should know.
void ResponseRelay::add_own_fields() {
  auto& exchange = journey_.exchange;
  http::Headers& headers = exchange.response.headers;
  if (!options_.server.empty()) {
    headers.remove(FieldName::kServer);
    headers.add_checked("Server", options_.server, FieldName::kServer);
  }
  if (!headers.get(FieldName::kDate)) {
    headers.add_checked("Date", exchange.arena.copy(http::current_date()), FieldName::kDate);
  }
  std::string_view statuses = exchange.upstream_statuses;
  if (says_server_error(statuses) || (!statuses.empty() && options_.always_show_upstream_status)) {
    headers.set_view("X-APISIX-Upstream-Status", statuses);
  }
}

void ResponseRelay::fill_response(Response& response) {
  adapt_to_grpc(journey_.exchange, response);
  http::ResponseHead& head = journey_.exchange.response;
  head.status = response.status;
  head.reason = {};
  head.announced_length.reset();
  head.upgrade = {};
  head.headers.clear();
  for (const auto& [name, value] : response.headers) head.headers.add(name, value);
  settle_status();
  head.body = sends_no_body() ? BodyLength::none() : BodyLength::sized(response.body.size());
  journey_.exchange.response_trailers = nullptr;
  add_own_fields();
}

Response ResponseRelay::for_failed_plugin(const Error& error) {
  Response response = answer_for_failed_plugin(journey_.exchange, error);
  if (journey_.chain) journey_.chain->word_failure(response);
  return response;
}

// By the answer of a plugin, or for the one that failed.
void ResponseRelay::replace(Response& response, Verdict verdict) {
  response = verdict.response() ? std::move(*verdict.response()) : for_failed_plugin(*verdict.error());
  fill_response(response);
}

// Plugins may set any status. After a final response with one of 1xx the client would go on waiting. Who asked for a
// tunnel would take one of 2xx for it.
void ResponseRelay::settle_status() noexcept {
  auto& exchange = journey_.exchange;
  int& status = exchange.response.status;
  if (status < 200 || status > 599) status = 500;
  if (status >= 300 || !http::is_extended_connect(exchange.request)) return;
  status = 502;
  exchange.response.reason = {};
  exchange.reason = "no_tunnel";
}

void ResponseRelay::begin(BodyLength length) {
  auto& exchange = journey_.exchange;
  exchange.response_head_sent = true;
  if (journey_.body && !journey_.body->will_end()) journey_.client.close_after_response();
  journey_.client.begin_response(exchange.response, length);
}

Task<Status> ResponseRelay::send(Chunk piece, wire::BodyWriter::Flush flush) {
  journey_.exchange.response_body_bytes += piece.bytes.size();
  return journey_.client.write(piece, flush);
}

Task<Status> ResponseRelay::send_answer(std::string_view body) {
  if (!sends_no_body()) {
    begin(BodyLength::sized(body.size()));
    return send({body, true}, wire::BodyWriter::Flush::kNow);
  }
  http::ResponseHead& head = journey_.exchange.response;
  if (head.status >= 200 && head.status != 204 && head.status != 304) head.announced_length = body.size();
  begin(BodyLength::none());
  return send({{}, true}, wire::BodyWriter::Flush::kNow);
}

Task<void> ResponseRelay::answer_alone(Response response) {
  fill_response(response);
  co_await send_answer(response.body);
}

void ResponseRelay::break_off() {
  auto& exchange = journey_.exchange;
  exchange.broken_off = true;
  if (!exchange.response_head_sent) exchange.response.status = kNoResponse;
  journey_.client.break_off();
}

Task<void> ResponseRelay::answer(Response response) {
  fill_response(response);
  if (!co_await run_answer_headers(response)) co_return break_off();
  Chunk passed{response.body, true};
  if (!co_await run_answer_body(response, passed)) co_return break_off();
  co_await send_answer(passed.bytes);
}

// An answer in this phase replaces the response; the filters behind it see the new one. False: close.
Task<bool> ResponseRelay::run_answer_headers(Response& response) {
  for (;;) {
    Verdict verdict = co_await journey_.chain->run(Phase::kResponseHeaders);
    settle_status();
    if (verdict.proceeds()) co_return true;
    if (verdict.closes()) co_return false;
    replace(response, std::move(verdict));
  }
}

// Stages that hold some of another body are not shown this one: it would come out mixed with theirs. False: close.
Task<bool> ResponseRelay::run_answer_body(Response& response, Chunk& passed) {
  if (sends_no_body() || !journey_.chain->chain().has(Phase::kResponseBody)) co_return true;
  if (std::exchange(journey_.response_body_begun, true)) co_return true;
  Verdict verdict = co_await journey_.chain->run_body(Phase::kResponseBody, {response.body, true}, passed);
  if (verdict.closes()) co_return false;
  if (!verdict.proceeds()) {
    replace(response, std::move(verdict));
    passed = {response.body, true};
  }
  co_return true;
}

// No coroutine as long as the plugins of the head do not wait, as `relay_after` is none.
Task<Verdict> ResponseRelay::relay(wire::ClientExchange& upstream) {
  journey_.exchange.response_source = ResponseSource::kUpstream;
  add_own_fields();
  Task<Verdict> headers = journey_.chain->run(Phase::kResponseHeaders);
  return headers.is_ready() ? relay_after(headers.take_value(), upstream) : relay_later(std::move(headers), upstream);
}

Task<Verdict> ResponseRelay::relay_later(Task<Verdict> headers, wire::ClientExchange& upstream) {
  Verdict verdict = co_await headers;
  co_return co_await relay_after(std::move(verdict), upstream);
}

Task<Verdict> ResponseRelay::relay_after(Verdict headers, wire::ClientExchange& upstream) {
  if (!headers.proceeds()) return headers;
  settle_status();
  return sends_no_body() ? send_head_alone() : relay_body(upstream);
}

Task<Verdict> ResponseRelay::send_head_alone() {
  http::ResponseHead& head = journey_.exchange.response;
  if (journey_.chain->chain().edits_response_body()) head.announced_length.reset();  // of a body that was not edited
  begin(BodyLength::none());
  Status sent = co_await send({{}, true}, wire::BodyWriter::Flush::kNow);
  co_return sent ? Verdict::proceed() : broken_off(sent.error());
}

// A plugin has another status in mind.
Task<Verdict> ResponseRelay::refuse_switch() {
  journey_.exchange.response.upgrade = {};
  settle_status();
  begin(sends_no_body() ? BodyLength::none() : BodyLength::sized(0));
  Status sent = co_await send({{}, true}, wire::BodyWriter::Flush::kNow);
  co_return sent ? Verdict::proceed() : broken_off(sent.error());
}

// The response phases see the head; what follows is no message of HTTP.
Task<Verdict> ResponseRelay::relay_switch(wire::ClientExchange& upstream, async::Reactor& reactor) {
  auto& exchange = journey_.exchange;
  exchange.response_source = ResponseSource::kUpstream;
  add_own_fields();
  Verdict verdict = co_await journey_.chain->run(Phase::kResponseHeaders);
  if (!verdict.proceeds()) co_return verdict;
  async::Stream* server = upstream.switch_protocols();
  if (exchange.response.status != 101) co_return co_await refuse_switch();
  if (!server) co_return broken_off(Error{ErrorCode::kInternal, "a switch of protocols without a stream"});
  Task<Verdict> running =
      http::is_extended_connect(exchange.request) ? tunnel_on_stream(*server, reactor) : tunnel(*server, reactor);
  co_return co_await running;
}

Task<Verdict> ResponseRelay::tunnel(async::Stream& upstream, async::Reactor& reactor) {
  auto& exchange = journey_.exchange;
  begin(BodyLength::none());
  Status sent = co_await send({{}, true}, wire::BodyWriter::Flush::kNow);
  async::Stream* client = journey_.client.switch_protocols();
  if (!sent) co_return broken_off(sent.error());
  if (!client) co_return broken_off(Error{ErrorCode::kInternal, "a switch of protocols without a stream"});
  const auto& timeouts = journey_.plan->timeouts;
  wire::Tunnel tunnel(reactor, *client, upstream, {.idle = timeouts.read, .send = timeouts.send});
  if (co_await tunnel.run() == wire::Tunnel::End::kIdle) exchange.reason = "tunnel_idle";
  exchange.response_body_bytes += tunnel.bytes_to_client();
  co_return Verdict::proceed();
}

// The client's part of the tunnel is the stream of its request, which goes on behind the head.
Task<Verdict> ResponseRelay::tunnel_on_stream(async::Stream& upstream, async::Reactor& reactor) {
  auto& exchange = journey_.exchange;
  exchange.response.status = 200;
  exchange.response.upgrade = {};
  begin(BodyLength::chunked());
  const auto& timeouts = journey_.plan->timeouts;
  const wire::Tunnel::Limits limits{.idle = timeouts.read, .send = timeouts.send};
  wire::StreamTunnel tunnel(reactor, journey_.client, upstream, limits, exchange.response_body_bytes);
  auto end = co_await tunnel.run();
  if (!end) co_return broken_off(end.error());
  if (*end == wire::Tunnel::End::kIdle) exchange.reason = "tunnel_idle";
  co_return Verdict::proceed();
}

// After the head has left: the response stays a fragment.
Verdict ResponseRelay::broken_off(const Error& error) {
  log::info("request {}: {}", journey_.exchange.request_target, error.what);
  if (journey_.exchange.reason.empty()) journey_.exchange.reason = reason_of_fragment(error);
  return Verdict::close();
}

// What has been written leaves first: a client that got nothing at all would take its request for one never served.
Task<Verdict> ResponseRelay::break_off_behind(Error error) {
  static_cast<void>(co_await journey_.client.flush());
  co_return broken_off(error);
}

// How the client is told the length. A response that has none where its request and status allow a body (a plugin
// changed the method or the status) has an empty one.
BodyLength ResponseRelay::length_downstream(const Chunk& first) const noexcept {
  BodyLength length = journey_.exchange.response.body;
  bool edits = journey_.chain->chain().edits_response_body();
  if (first.trailers) return BodyLength::chunked();
  if (edits && first.is_last) return BodyLength::sized(first.bytes.size());
  if (length.kind == BodyLength::Kind::kNone) return BodyLength::sized(0);
  if (length.kind == BodyLength::Kind::kUntilClose || (edits && !length.is_empty())) return BodyLength::chunked();
  return length;
}

// Whether the next piece, or what stands in its place, is there without a wait.
bool ResponseRelay::take_arrived(wire::ClientExchange& upstream, Result<Chunk>& piece) const {
  if (journey_.chain->resumed(Phase::kResponseBody).is_set()) return piece = kNothingNew, true;
  if (is_too_late()) return piece = fail(CallDeadline::error()), true;
  return upstream.read_arrived(piece);
}

// Nothing that could leave stays behind while the upstream is waited for. The head of a body of unknown length leaves
// before its first piece: such a body may be a stream of events whose reader waits for the head.
Task<Result<Chunk>> ResponseRelay::wait_for_piece(wire::ClientExchange& upstream) {
  auto& exchange = journey_.exchange;
  bool is_sized = exchange.response.body.kind == BodyLength::Kind::kSized;
  if (!exchange.response_head_sent && !is_sized && !journey_.chain->chain().has(Phase::kResponseBody)) {
    begin(length_downstream({}));
  }
  if (exchange.response_head_sent) CO_TRY_STATUS(co_await journey_.client.flush());
  if (deadline_) upstream.limit_reads(deadline_->within(journey_.plan->timeouts.read));
  co_return co_await proxy::next_piece(*journey_.chain, Phase::kResponseBody, upstream.read_body());
}

Task<Verdict> ResponseRelay::run_filters(Chunk arrived, Chunk& passed) {
  if (is_nothing_new(arrived)) return journey_.chain->run_resumed(Phase::kResponseBody, passed);
  journey_.response_body_begun = true;
  bool has_trailers = arrived.is_last && journey_.exchange.response_trailers;
  if (has_trailers) return run_filters_of_end(arrived, passed);
  return journey_.chain->run_body(Phase::kResponseBody, arrived, passed);
}

Task<Verdict> ResponseRelay::run_filters_of_end(Chunk arrived, Chunk& passed) {
  Verdict verdict = co_await journey_.chain->run_body(Phase::kResponseBody, arrived, passed);
  if (verdict.proceeds()) verdict = co_await journey_.chain->run(Phase::kResponseTrailers);
  co_return verdict;
}

void ResponseRelay::add_trailers(Chunk& last) {
  last.trailers = written(journey_.exchange.response_trailers);
  if (!last.trailers || !journey_.exchange.response_head_sent) return;
  journey_.trailers_lost = !journey_.client.takes_trailers_after(length_downstream({last.bytes, false}));
}

Task<Verdict> ResponseRelay::ended_by_plugin(Verdict verdict) {
  if (!journey_.exchange.response_head_sent) return verdict;
  return break_off_behind(Error{ErrorCode::kPlugin, "a plugin ended the response after its head had left"});
}

Task<Verdict> ResponseRelay::without_the_rest(Error error) {
  auto& exchange = journey_.exchange;
  const bool is_late = error.side == Side::kUpstream && is_too_late();
  if (exchange.response_head_sent) {
    if (is_late && exchange.reason.empty()) exchange.reason = kDeadlineExceeded;
    co_return co_await break_off_behind(std::move(error));
  }
  if (auto& decided = journey_.body->verdict()) co_return std::move(*decided);  // which broke the exchange off
  co_return Verdict::answer(is_late ? answer_for_deadline(exchange) : answer_for_error(exchange, error));
}

Task<Verdict> ResponseRelay::relay_body(wire::ClientExchange& upstream) {
  const chain::Chain& chain = journey_.chain->chain();
  const bool filters = chain.has(Phase::kResponseBody) || chain.has(Phase::kResponseTrailers);
  auto& exchange = journey_.exchange;
  for (;;) {
    Result<Chunk> arrived;
    if (!take_arrived(upstream, arrived)) arrived = co_await wait_for_piece(upstream);
    if (!arrived) co_return co_await without_the_rest(std::move(arrived).error());
    if (arrived->is_last) exchange.response_trailers = trailers_of(upstream, exchange.arena);
    Chunk passed = *arrived;
    if (filters) {
      Verdict verdict = co_await run_filters(*arrived, passed);
      if (!verdict.proceeds()) co_return co_await ended_by_plugin(std::move(verdict));
    }
    if (passed.bytes.empty() && !passed.is_last) continue;
    if (passed.is_last) add_trailers(passed);
    if (!exchange.response_head_sent) begin(length_downstream(passed));
    Status sent = co_await send(passed, wire::BodyWriter::Flush::kWhenLarge);
    if (!sent) co_return broken_off(sent.error());
    if (passed.is_last) co_return Verdict::proceed();
  }
}

}  // namespace sallyport::proxy
