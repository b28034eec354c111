#include "proxy/response_relay.h"

#include "http/date.h"
#include "proxy/answers.h"
#include "proxy/trailers.h"

#include <charconv>

namespace sallyport::proxy {

using chain::Phase;
using chain::Verdict;
using exchange::ResponseSource;
using http::BodyLength;
using http::Chunk;
using http::FieldName;
using http::Response;

bool ResponseRelay::sends_no_body() const noexcept {
  return http::has_no_body(journey_.exchange.request_method, journey_.exchange.response.status);
}

// Server and Date, and what the upstream answered when the client should know.
void ResponseRelay::add_own_fields() {
  auto& exchange = journey_.exchange;
  http::Headers& headers = exchange.response.headers;
  if (!options_.server.empty()) headers.set_view("Server", options_.server);
  if (!headers.get(FieldName::kDate)) {
    headers.add_view("Date", exchange.arena.copy(http::current_date()), FieldName::kDate);
  }
  int status = exchange.upstream_status;
  if (status >= 500 || (status != 0 && options_.always_show_upstream_status)) {
    headers.set_view("X-APISIX-Upstream-Status", exchange.upstream_statuses);
  }
}

void ResponseRelay::fill_response(const Response& response) {
  auto& exchange = journey_.exchange;
  exchange.response.status = response.status;
  exchange.response.reason = {};
  exchange.response.announced_length.reset();
  exchange.response.headers.clear();
  for (const auto& [name, value] : response.headers) exchange.response.headers.add(name, value);
  add_own_fields();
}

void ResponseRelay::begin(BodyLength length) {
  auto& exchange = journey_.exchange;
  exchange.response_head_sent = true;
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

Task<void> ResponseRelay::answer(Response response) {
  auto& exchange = journey_.exchange;
  fill_response(response);
  if (!journey_.chain) {
    co_await send_answer(response.body);
    co_return;
  }
  for (;;) {  // an answer in this phase replaces the response; the filters behind it see the new one
    Verdict verdict = co_await journey_.chain->run(Phase::kResponseHeaders);
    if (verdict.proceeds()) break;
    if (verdict.closes()) co_return journey_.client.close_after_response();
    response =
        verdict.response() ? std::move(*verdict.response()) : answer_for_failed_plugin(exchange, *verdict.error());
    fill_response(response);
  }
  Chunk passed{response.body, true};
  if (!sends_no_body() && journey_.chain->chain().has(Phase::kResponseBody)) {
    Verdict of_body = co_await journey_.chain->run_body(Phase::kResponseBody, {response.body, true}, passed);
    if (of_body.closes()) co_return journey_.client.close_after_response();
    if (!of_body.proceeds()) {
      response =
          of_body.response() ? std::move(*of_body.response()) : answer_for_failed_plugin(exchange, *of_body.error());
      fill_response(response);
      passed = {response.body, true};
    }
  }
  co_await send_answer(passed.bytes);
}

BodyLength ResponseRelay::length_downstream() const noexcept {
  BodyLength length = journey_.exchange.response.body;
  bool edits = journey_.plan->chain->edits_response_body();
  if (length.kind == BodyLength::Kind::kNone) return BodyLength::sized(0);  // a plugin gave it a status with a body
  if (length.kind == BodyLength::Kind::kUntilClose || (edits && !length.is_empty())) return BodyLength::chunked();
  return length;
}

Task<Result<Verdict>> ResponseRelay::relay(wire::ClientConnection& upstream) {
  auto& exchange = journey_.exchange;
  exchange.response_source = ResponseSource::kUpstream;
  add_own_fields();
  Verdict verdict = co_await journey_.chain->run(Phase::kResponseHeaders);
  if (!verdict.proceeds()) co_return verdict;
  if (sends_no_body()) {
    begin(BodyLength::none());
    auto sent = co_await send({{}, true}, wire::BodyWriter::Flush::kNow);
    if (!sent) co_return fail(std::move(sent).error());
    co_return Verdict::proceed();
  }
  co_return co_await relay_body(upstream);
}

Task<Result<Chunk>> ResponseRelay::next_piece(wire::ClientConnection& upstream) {
  Result<Chunk> piece;
  if (upstream.body().read_arrived(piece)) return piece;
  return wait_for_piece(upstream);
}

// Nobody knows how long it takes: what is there goes to the client first. That is the head alone where the body has no
// length, as a stream of events begins; with a length the rest is near, and a failure can still become an answer.
Task<Result<Chunk>> ResponseRelay::wait_for_piece(wire::ClientConnection& upstream) {
  auto& exchange = journey_.exchange;
  bool has_length = exchange.response.body.kind == BodyLength::Kind::kSized;
  if (!exchange.response_head_sent && !has_length && !journey_.plan->chain->has(Phase::kResponseBody)) {
    begin(length_downstream());
  }
  if (exchange.response_head_sent) CO_TRY_STATUS(co_await journey_.client.flush());
  co_return co_await upstream.read_body();
}

Task<Result<Verdict>> ResponseRelay::relay_body(wire::ClientConnection& upstream) {
  bool filters = journey_.plan->chain->has(Phase::kResponseBody);
  bool edits = journey_.plan->chain->edits_response_body();
  auto& exchange = journey_.exchange;
  for (;;) {
    auto arrived = co_await next_piece(upstream);
    if (!arrived) {
      if (exchange.response_head_sent) co_return fail(std::move(arrived).error());
      exchange.response_source = ResponseSource::kGateway;
      co_return Verdict::answer(answer_for_error(exchange, arrived.error()));
    }
    Chunk passed = *arrived;
    if (filters) {
      Verdict verdict = co_await journey_.chain->run_body(Phase::kResponseBody, *arrived, passed);
      if (!verdict.proceeds()) {
        if (!exchange.response_head_sent) co_return verdict;
        co_return fail(ErrorCode::kPlugin, "a plugin ended the response after its head had left");
      }
      if (passed.bytes.empty() && !passed.is_last) continue;
    }
    if (passed.is_last) passed.trailers = trailers_of(upstream.body(), exchange.arena);
    if (!exchange.response_head_sent) {
      bool all_of_an_edit = edits && passed.is_last && !passed.trailers;
      begin(all_of_an_edit ? BodyLength::sized(passed.bytes.size()) : length_downstream());
    }
    auto sent = co_await send(passed, wire::BodyWriter::Flush::kWhenLarge);
    if (!sent) co_return fail(std::move(sent).error());
    if (passed.is_last) co_return Verdict::proceed();
  }
}

}  // namespace sallyport::proxy
