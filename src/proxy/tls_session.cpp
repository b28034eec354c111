// Client connections that begin with a handshake of TLS: who comes in, and whom their requests may reach. Part of
// Proxy.

#include "base/log.h"
#include "proxy/answers.h"
#include "proxy/client_tls.h"
#include "proxy/greeting.h"
#include "proxy/proxy.h"
#include "proxy/session.h"
#include "proxy/ssl_certificates.h"
#include "tls/client_context.h"
#include "tls/tls_stream.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

namespace sallyport::proxy {

using async::IoStatus;
using chain::Verdict;
using exchange::Exchange;

namespace {

constexpr Milliseconds kLongestParting{1'000};

// A record of TLS begins with a byte below 32 (RFC 8446 5.1), a method of HTTP with a letter.
bool begins_with_a_letter(std::string_view bytes) {
  char first = bytes.empty() ? '\0' : bytes.front();
  return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
}

}  // namespace

// Names are the clients' choice: told without end, each would be a line of its own.
std::string Proxy::words_for_failure(const tls::TlsStream& stream, const tls::ServerHandshake& handshake) {
  constexpr unsigned kMostNamesASecond = 10;
  if (!handshake.name_is_known || handshake.rule) {
    const std::string fault = tls::fault_of_peer(stream.ssl());
    return fault.empty() ? stream.failure() : stream.failure() + ": " + fault;
  }
  const std::string& name = handshake.server_name;
  if (name.empty()) return "it named no server, and there is neither apisix.ssl.fallback_sni nor an ssl for *";
  const SteadyTime now = around_.reactor.now();
  if (now - naming_began_ >= std::chrono::seconds(1)) {
    naming_began_ = now;
    names_told_ = 0;
  }
  if (++names_told_ > kMostNamesASecond) return "there is no ssl for many server names";
  return "there is no ssl for the server name " + name;
}

void Proxy::accept_tls(async::Accepted connection, Http2 http2, Prelude prelude, ClientConnections::Place place) {
  if (prelude == Prelude::kProxyHeader) {
    return sessions_.spawn(serve_announced(std::move(connection), http2, &Proxy::serve_tls, std::move(place)));
  }
  if (admit_address(connection, place)) sessions_.spawn(serve_tls(std::move(connection), http2, std::move(place)));
}

// Their waits end from the loop, not inside this call.
void Proxy::end_greetings() {
  for (Greeting* greeting = first_greeting_; greeting; greeting = greeting->next()) greeting->stream().expire_fill();
}

// `place` is held to the end.
Task<void> Proxy::serve_tls(async::Accepted connection, Http2 http2, ClientConnections::Place /*place*/) {
  const Milliseconds longest = around_.options.limits.head_arrival;
  IoStatus begun = IoStatus::kOk;
  if (connection.stream->unread().empty()) {
    Greeting greeting(*this, *connection.stream);
    begun = co_await connection.stream->fill(longest);
  }
  if (begun == IoStatus::kTimeout && !draining_) around_.log.metrics().client_cut(telemetry::Cut::kHandshakeTimeout);
  if (begun != IoStatus::kOk) co_return;
  if (begins_with_a_letter(connection.stream->unread())) co_return co_await serve_mistaken(std::move(connection));

  tls::ServerHandshake handshake;
  handshake.offers_http2 = http2 == Http2::kOn;
  handshake.names = around_.snapshots.pin(around_.worker)->server_names();
  auto stream =
      std::make_unique<tls::TlsStream>(around_.reactor, std::move(connection.stream), around_.tls->begin(handshake));
  {
    Greeting greeting(*this, *stream);
    begun = co_await stream->shake_hands(longest);
  }
  telemetry::WorkerMetrics& metrics = around_.log.metrics();
  metrics.client_shook_hands(begun == IoStatus::kOk ? kind_of_handshake(stream->ssl()) : telemetry::Handshake::kFailed);
  if (begun != IoStatus::kOk) {
    if (begun == IoStatus::kTimeout && !draining_) metrics.client_cut(telemetry::Cut::kHandshakeTimeout);
    std::string line =
        fmt::format("TLS handshake on port {}: {}", connection.local.port(), words_for_failure(*stream, handshake));
    around_.log.failures().write(log::Level::kInfo, line, around_.reactor.now());
    co_return co_await stream->part(kLongestParting);
  }
  exchange::ClientTls facts = describe(stream->ssl(), handshake);
  const SslCertificates certificates(stream->ssl());
  facts.certificates = &certificates;
  handshake.names.reset();
  const bool speaks_http2 = tls::speaks_http2(stream->ssl());
  Session session(*this, connection);
  session.tls = &facts;
  if (speaks_http2) co_return co_await serve_h2(session, std::move(stream));
  H1Client client(*this, session, std::move(stream));
  co_await serve_h1(client);
}

Task<void> Proxy::serve_mistaken(async::Accepted connection) {
  Session session(*this, connection);
  H1Client client(*this, session, std::move(connection.stream));
  client.is_mistaken = true;
  co_await serve_h1(client);
}

// Who asks for a name that admits known clients only has to have come in by that name: another one may have been
// lenient.
Verdict Proxy::admit(Journey& journey) const {
  Exchange& exchange = journey.exchange;
  const auto& names = journey.snapshot->server_names();
  if (!names || !names->ask_clients()) return Verdict::proceed();
  const tls::ServerRulePtr rule = names->find(exchange.host);
  if (!rule || !rule->asks_client() || rule->needs_no_certificate(exchange.uri)) return Verdict::proceed();
  if (!exchange.tls->is_verified()) {
    return Verdict::answer(answer_for_refusal(exchange, {400, "400 Bad Request", "client_certificate"}));
  }
  if (exchange.tls->server_name == exchange.host) return Verdict::proceed();
  return Verdict::answer(answer_for_refusal(exchange, {400, "400 Bad Request", "server_name_is_not_host"}));
}

}  // namespace sallyport::proxy
