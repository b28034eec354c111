#include "proxy/h2_client.h"

#include "async/until_set.h"
#include "proxy/answers.h"
#include "proxy/broken_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::proxy {

Proxy::H2Client::H2Client(Proxy& proxy, Session& session, async::StreamPtr stream)
    : proxy_(proxy),
      session_(session),
      connection_(proxy.around_.reactor, std::move(stream), proxy.around_.options.limits, proxy.around_.options.http2,
                  *this) {
  session_.leaving = this;
  if (proxy.closing_) drain();
}

Proxy::H2Client::~H2Client() {
  session_.leaving = nullptr;
  std::ranges::replace(proxy_.with_output_, &connection_, nullptr);
}

void Proxy::H2Client::drain() {
  announced_ = session_.clock.steady();
  connection_.announce_end();
}

// What the client sent before it could know has arrived by then (RFC 9113 6.8).
void Proxy::H2Client::end_if_waiting() {
  constexpr Milliseconds kGrace{1'000};
  if (session_.clock.steady() - announced_ >= kGrace) connection_.refuse_more();
}

Task<void> Proxy::H2Client::serve(h2::ServerStream& stream) { return proxy_.serve_stream(session_, stream); }

void Proxy::H2Client::has_output(h2::ServerConnection& connection) { proxy_.with_output_.push_back(&connection); }

void Proxy::H2Client::is_busy(bool busy) {
  using telemetry::ConnectionState;
  session_.move_to(busy ? ConnectionState::kWriting : ConnectionState::kWaiting);
}

// Of all streams of a connection together, so that it takes as few calls and packets as it can.
void Proxy::end_turn() {
  for (std::size_t i = 0; i < with_output_.size(); ++i) {
    if (with_output_[i]) with_output_[i]->send();
  }
  with_output_.clear();
}

namespace {

std::optional<telemetry::Cut> cut_of(std::uint32_t code) {
  if (code == NGHTTP2_ENHANCE_YOUR_CALM) return telemetry::Cut::kFlood;
  if (code == NGHTTP2_NO_ERROR || code == NGHTTP2_SETTINGS_TIMEOUT) return telemetry::Cut::kHeadTimeout;
  return std::nullopt;
}

}  // namespace

Task<void> Proxy::serve_h2(Session& session, async::StreamPtr stream) {
  H2Client client(*this, session, std::move(stream));
  co_await client.connection().run();
  const std::string& failure = client.connection().failure();
  if (failure.empty()) co_return;
  if (auto cut = cut_of(client.connection().failure_code())) around_.log.metrics().client_cut(*cut);
  std::string line = fmt::format("client connection ended: {}", failure);
  around_.log.failures().write(log::Level::kInfo, line, around_.reactor.now());
}

Task<void> Proxy::serve_stream(Session& session, h2::ServerStream& stream) {
  Journey journey(stream.arena(), session.clock, stream);
  h2::ServerHead& head = stream.head();
  journey.exchange.request = head.head();
  journey.exchange.request_head_bytes = head.bytes();
  introduce(session, journey);
  auto work = head.refusal() != 0 ? refuse(journey, head.refusal(), head.reason())
              : sheds()           ? refuse(journey, 503, kOverload)
                                  : serve(journey);
  auto running = run_stream(journey, std::move(work));
  auto finished = co_await async::UntilSet(stream.lost(), std::move(running));
  if (!finished) note_lost_client(journey.exchange);
  co_await finish(journey);
}

// True, to have a value that tells of its end. An exception of a plugin or of ours ends the exchange, not the worker.
Task<bool> Proxy::run_stream(Journey& journey, Task<void> work) {
  bool thrown = false;
  try {
    co_await work;
  } catch (...) {
    log_thrown(journey.exchange);
    thrown = true;
  }
  if (thrown) co_await answer_thrown(journey);
  co_return true;
}

}  // namespace sallyport::proxy
