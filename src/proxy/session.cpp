// The life of one client connection: heads are read, exchanges served one after the other, and the connection kept or
// closed. Part of Proxy.

#include "proxy/session.h"

#include "async/until_hangup.h"
#include "base/log.h"
#include "h2/preface.h"
#include "proxy/answers.h"
#include "proxy/broken_exchange.h"
#include "proxy/proxy.h"
#include "proxy/response_relay.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sallyport::proxy {

using exchange::Exchange;
using Next = wire::ServerConnection::Next;
using telemetry::ConnectionState;

Proxy::Proxy(const Surroundings& around) : around_(around) {}
Proxy::~Proxy() = default;

void Proxy::accept(async::Accepted connection, Http2 http2, Prelude prelude, ClientConnections::Place place) {
  if (prelude == Prelude::kProxyHeader) {
    return sessions_.spawn(serve_announced(std::move(connection), http2, &Proxy::serve_connection, std::move(place)));
  }
  if (admit_address(connection, place)) {
    sessions_.spawn(serve_connection(std::move(connection), http2, std::move(place)));
  }
}

bool Proxy::admit(ClientConnections::Place& place, std::size_t worker, int socket) {
  using Refusal = ClientConnections::Refusal;
  const Refusal refusal = around_.connections ? around_.connections->admit(place, worker, socket) : Refusal::kNone;
  if (refusal == Refusal::kNone) return true;
  const bool lacks_descriptors = refusal == Refusal::kDescriptors;
  around_.log.metrics().client_cut(lacks_descriptors ? telemetry::Cut::kDescriptors : telemetry::Cut::kConnections);
  constexpr std::string_view kLine = "a connection was refused: clients have as many as they may";
  constexpr std::string_view kNone =
      "a connection was refused: clients have all descriptors but the last, which the "
      "gateway keeps for its own endpoints (nginx_config.worker_rlimit_nofile)";
  around_.log.failures().write(log::Level::kWarn, lacks_descriptors ? kNone : kLine, around_.reactor.now());
  return false;
}

// As above.
bool Proxy::admit_address(const async::Accepted& connection, ClientConnections::Place& place) {
  if (!around_.connections) return true;
  if (around_.connections->admit_address(connection.peer, place) == ClientConnections::Refusal::kNone) return true;
  around_.log.metrics().client_cut(telemetry::Cut::kAddressConnections);
  constexpr std::string_view kLine = "a connection was refused: its address has as many as it may";
  around_.log.failures().write(log::Level::kWarn, kLine, around_.reactor.now());
  return false;
}

void Proxy::drain() {
  draining_ = closing_ = true;
  drain_began_ = around_.reactor.now();
  begin_closing();
}

void Proxy::set_load(Load load) {
  load_ = load;
  const bool was_closing = std::exchange(closing_, draining_ || load_ != Load::kNormal);
  if (closing_ && !was_closing) begin_closing();
  if (!closing_) idle_poll_.reset();
}

void Proxy::begin_closing() {
  constexpr Milliseconds kPoll{100};
  for (Session* session = first_session_; session; session = session->next) {
    if (session->leaving) session->leaving->drain();
  }
  close_idle();
  idle_poll_ = around_.reactor.start_timer(kPoll, async::Reactor::Repeat::kEvery, [this] { close_idle(); });
}

void Proxy::close_idle() {
  constexpr Milliseconds kGrace{1'000};
  const SteadyTime now = around_.reactor.now();
  for (Session* session = first_session_; session; session = session->next) {
    if (!session->leaving || now - session->waiting_since < kGrace) continue;
    session->leaving->end_if_waiting();
  }
  if (draining_ && now - drain_began_ >= kGrace) end_greetings();
}

// `place` is held to the end.
Task<void> Proxy::serve_connection(async::Accepted connection, Http2 http2, ClientConnections::Place /*place*/) {
  Session session(*this, connection);
  async::StreamPtr stream;
  {
    H1Client client(*this, session, std::move(connection.stream));
    client.may_speak_http2 = http2 == Http2::kOn;
    co_await serve_h1(client);
    if (!client.speaks_http2) co_return;
    stream = client.wire.take_stream();
  }
  co_await serve_h2(session, std::move(stream));
}

// Until the connection ends, or turns out to speak HTTP/2.
Task<void> Proxy::serve_h1(H1Client& client) {
  while (co_await client.wire.first_bytes()) {
    if (client.may_speak_http2 && co_await begins_with_preface(client)) co_return;
    if (!co_await serve_next(client)) co_return;
  }
  co_await part(client);
}

Task<bool> Proxy::begins_with_preface(H1Client& client) {
  client.may_speak_http2 = false;
  h2::Preface preface = h2::look_for_preface(client.wire.stream().unread());
  if (preface == h2::Preface::kPerhaps) return wait_for_preface(client);
  return client.speaks_http2 = preface == h2::Preface::kYes;
}

Task<bool> Proxy::wait_for_preface(H1Client& client) {
  async::Stream& stream = client.wire.stream();
  const SteadyTime deadline = around_.reactor.now() + around_.options.limits.head_arrival;
  while (h2::look_for_preface(stream.unread()) == h2::Preface::kPerhaps) {
    if (co_await stream.fill(around_.reactor.until(deadline)) != async::IoStatus::kOk) co_return false;
  }
  client.speaks_http2 = h2::look_for_preface(stream.unread()) == h2::Preface::kYes;
  co_return client.speaks_http2;
}

// A request that crosses our FIN finds nobody to serve it, but is no reason for a reset either.
Task<void> Proxy::part(H1Client& client) {
  constexpr Milliseconds kLinger{200};
  client.is_parting = true;
  if (!client.wire.stream().is_gone()) co_await client.wire.linger(kLinger);
}

// Whether the connection carries another request. An exception of a plugin or of ours ends the exchange, not the
// worker.
Task<bool> Proxy::serve_next(H1Client& client) {
  Session& session = client.session;
  Journey journey(client.arena, session.clock, client.wire);
  Next next = co_await client.wire.read_head(journey.exchange.request);
  if (next.kind == Next::Kind::kEnd) co_return false;
  if (client.is_mistaken) next = {Next::Kind::kRefused, 400, kClearOnTlsPort, next.bytes};
  session.move_to(ConnectionState::kWriting);
  introduce(session, journey);
  journey.exchange.request_head_bytes = next.bytes;
  if (closing_) [[unlikely]] {
    client.wire.close_after_response();
    if (sheds() && next.kind == Next::Kind::kRequest) next = {Next::Kind::kRefused, 503, kOverload, next.bytes};
  }
  bool refused = next.kind == Next::Kind::kRefused;
  auto work = refused ? refuse(journey, next.refusal, next.reason) : serve(journey);
  bool finished = false, thrown = false;
  try {
    finished = co_await async::UntilHangup(client.wire.stream(), std::move(work));
  } catch (...) {
    log_thrown(journey.exchange);
    thrown = true;
  }
  if (thrown) finished = co_await async::UntilHangup(client.wire.stream(), answer_thrown(journey));
  if (!finished) note_lost_client(journey.exchange);
  co_await finish(journey);
  if (!finished) co_return false;
  if (!client.wire.is_reusable() && !co_await wind_up(client, journey)) co_return false;
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
  journey.local_port = session.local_port;
  exchange.worker = around_.worker;
  exchange.connection_id = session.id;
  exchange.request_number = ++session.requests;
  exchange.waiter = this;
  exchange.request_target = exchange.request.target;
  exchange.request_method = exchange.request.method;
  exchange.timing.started = session.clock.steady();
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
Task<bool> Proxy::wind_up(H1Client& client, const Journey& journey) {
  if (!journey.exchange.response_head_sent || !client.wire.response_ended()) co_return false;
  if (!client.wire.is_closing() && co_await client.wire.drain_body(around_.options.drain_bytes)) co_return true;
  co_await client.wire.linger();
  co_return false;
}

Task<void> Proxy::sleep(Milliseconds duration) { co_await around_.reactor.sleep(duration); }

}  // namespace sallyport::proxy
