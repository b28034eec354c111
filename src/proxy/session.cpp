// The life of one client connection: heads are read, exchanges served one after the other, and the connection kept or
// closed. Part of Proxy.

#include "proxy/session.h"

#include "async/until_hangup.h"
#include "base/log.h"
#include "proxy/answers.h"
#include "proxy/proxy.h"
#include "proxy/response_relay.h"

#include <string>

namespace sallyport::proxy {

using exchange::Exchange;
using Next = wire::ServerConnection::Next;
using telemetry::ConnectionState;

namespace {

constexpr int kClientClosedRequest = 499;  // nginx's status for the log

void note_lost_client(Exchange& exchange) {
  if (!exchange.response_head_sent) exchange.response.status = kClientClosedRequest;
  exchange.reason = "client_closed";
  exchange.response_source = exchange::ResponseSource::kGateway;
}

// Only where an exception is being handled.
void log_thrown(const Exchange& exchange) {
  try {
    throw;
  } catch (const std::exception& thrown) {
    log::error("request {}: {}", exchange.request_target, thrown.what());
  } catch (...) {
    log::error("request {}: an exception that is no std::exception", exchange.request_target);
  }
}

}  // namespace

Proxy::Proxy(const Surroundings& around) : around_(around) {}
Proxy::~Proxy() = default;

void Proxy::accept(async::Accepted connection) { sessions_.spawn(serve_connection(std::move(connection))); }

// A busy client sends its next request any moment; closing then would lose it, telling it to close loses nothing.
void Proxy::drain() {
  constexpr Milliseconds kPoll{100};
  draining_ = true;
  drain_began_ = around_.reactor.now();
  for (Session* session = first_session_; session; session = session->next) {
    session->client.close_after_response_if_not_begun();
  }
  close_idle();
  idle_poll_ = around_.reactor.start_timer(kPoll, async::Reactor::Repeat::kEvery, [this] { close_idle(); });
}

void Proxy::close_idle() {
  constexpr Milliseconds kGrace{1'000};
  for (Session* session = first_session_; session; session = session->next) {
    bool is_waiting = session->state == ConnectionState::kWaiting && !session->is_parting;
    if (!is_waiting || around_.reactor.now() - session->waiting_since < kGrace) continue;
    if (session->client.stream().is_quiet()) session->client.stream().expire_fill();
  }
  if (around_.reactor.now() - drain_began_ >= kGrace) end_greetings();
}

Task<void> Proxy::serve_connection(async::Accepted connection) {
  Session session(*this, std::move(connection));
  co_await serve_session(session);
}

Task<void> Proxy::serve_session(Session& session) {
  while (co_await session.client.wait_for_request()) {
    if (!co_await serve_next(session)) co_return;
  }
  co_await part(session);
}

// A request that crosses our FIN finds nobody to serve it, but is no reason for a reset either.
Task<void> Proxy::part(Session& session) {
  constexpr Milliseconds kLinger{200};
  session.is_parting = true;
  if (!session.client.stream().is_gone()) co_await session.client.linger(kLinger);
}

// Whether the connection carries another request. An exception of a plugin or of ours ends the exchange, not the
// worker.
Task<bool> Proxy::serve_next(Session& session) {
  Journey journey(session.arena, session.clock, session.client);
  Next next = co_await session.client.read_head(journey.exchange.request);
  if (next.kind == Next::Kind::kEnd) co_return false;
  if (session.is_mistaken) next = {Next::Kind::kRefused, 400, kClearOnTlsPort, next.bytes};
  session.move_to(ConnectionState::kWriting);
  introduce(session, journey);
  journey.exchange.request_head_bytes = next.bytes;
  if (draining_) session.client.close_after_response();
  bool refused = next.kind == Next::Kind::kRefused;
  auto work = refused ? refuse(journey, next.refusal, next.reason) : serve(journey);
  bool finished = false, thrown = false;
  try {
    finished = co_await async::UntilHangup(session.client.stream(), std::move(work));
  } catch (...) {
    log_thrown(journey.exchange);
    thrown = true;
  }
  if (thrown) finished = co_await async::UntilHangup(session.client.stream(), answer_thrown(journey));
  if (!finished) note_lost_client(journey.exchange);
  finish(journey);
  if (!finished) co_return false;
  if (!session.client.is_reusable() && !co_await wind_up(session, journey)) co_return false;
  session.move_to(ConnectionState::kWaiting);
  co_return true;
}

// What the session knows about every request on it.
void Proxy::introduce(Session& session, Journey& journey) {
  Exchange& exchange = journey.exchange;
  exchange.client = session.peer;
  if (session.tls) {
    exchange.tls = session.tls;
    exchange.scheme = "https";
  }
  exchange.local = session.local;
  exchange.worker = around_.worker;
  exchange.connection_id = session.id;
  exchange.request_number = ++session.requests;
  exchange.waiter = this;
  exchange.request_target = exchange.request.target;
  exchange.request_method = exchange.request.method;
  exchange.timing.started = session.clock.steady();
  exchange.timing.started_wall = session.clock.wall();
  journey.sent_before = journey.client.sent_bytes();
}

Task<void> Proxy::answer_thrown(Journey& journey) {
  ResponseRelay relay(journey, around_.options);
  if (journey.exchange.response_head_sent) co_return relay.break_off();
  journey.client.close_after_response();
  co_await relay.answer_alone(answer_for_exception(journey.exchange));
}

// A request that is not understood passes no plugins; its connection ends.
Task<void> Proxy::refuse(Journey& journey, int status, std::string_view reason) {
  journey.client.close_after_response();
  auto answer = answer_for_refused_head(journey.exchange, status, reason);
  co_await ResponseRelay(journey, around_.options).answer_alone(std::move(answer));
}

// What is left of an unread body is taken in, if that is little; else the connection ends in an orderly way.
Task<bool> Proxy::wind_up(Session& session, const Journey& journey) {
  if (!journey.exchange.response_head_sent || !session.client.response_ended()) co_return false;
  if (!session.client.is_closing() && co_await session.client.drain_body(around_.options.drain_bytes)) co_return true;
  co_await session.client.linger();
  co_return false;
}

Task<void> Proxy::sleep(Milliseconds duration) { co_await around_.reactor.sleep(duration); }

}  // namespace sallyport::proxy
