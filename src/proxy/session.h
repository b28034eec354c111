#pragma once
// One client connection: what every request on it is told, and what HTTP/1 keeps for it between its requests. Part of
// Proxy.

#include "async/reactor.h"
#include "base/arena.h"
#include "base/clock.h"
#include "exchange/exchange.h"
#include "proxy/proxy.h"
#include "telemetry/metrics.h"
#include "wire/server_connection.h"

#include <cstdint>
#include <string>
#include <utility>

namespace sallyport::proxy {

// The time of the loop's turn: as good as any for what takes milliseconds, and free.
class LoopClock final : public Clock {
 public:
  explicit LoopClock(async::Reactor& reactor) : reactor_(reactor) {}
  SteadyTime steady() const override { return reactor_.now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }

 private:
  async::Reactor& reactor_;
};

// What a gateway that ends asks of a connection.
class Proxy::Leaving {
 public:
  // What has begun is the last.
  virtual void drain() = 0;
  // So is what the client sent before it could know that; a connection that waits for more ends.
  virtual void end_if_waiting() = 0;

 protected:
  ~Leaving() = default;
};

struct Proxy::Session {
  Session(Proxy& proxy, const async::Accepted& accepted)
      : owner(proxy),
        clock(proxy.around_.reactor),
        peer_ip(accepted.peer.ip()),
        local_ip(accepted.local.ip()),
        peer{peer_ip, accepted.peer.port()},
        local{local_ip, accepted.local.port()},
        local_port(std::to_string(local.port)),
        id((static_cast<std::uint64_t>(proxy.around_.worker) << 48) + ++proxy.accepted_),
        next(proxy.first_session_) {
    if (next) next->previous = this;
    proxy.first_session_ = this;
    proxy.around_.log.metrics().connection_opened(state);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    owner.around_.log.metrics().connection_closed(state);
    (previous ? previous->next : owner.first_session_) = next;
    if (next) next->previous = previous;
  }
  void move_to(telemetry::ConnectionState to) {
    owner.around_.log.metrics().connection_moved(state, to);
    state = to;
    if (to == telemetry::ConnectionState::kWaiting) waiting_since = clock.steady();
  }

  Proxy& owner;
  LoopClock clock;
  std::string peer_ip;
  std::string local_ip;
  exchange::Peer peer;
  exchange::Peer local;
  std::string local_port;  // in digits
  std::uint64_t id;
  std::uint64_t requests = 0;
  telemetry::ConnectionState state = telemetry::ConnectionState::kWaiting;
  SteadyTime waiting_since = clock.steady();
  const exchange::ClientTls* tls = nullptr;  // null: the connection is in clear
  Leaving* leaving = nullptr;                // null: there is nothing that could end
  Session* previous = nullptr;
  Session* next;
};

struct Proxy::H1Client final : private Leaving {
  H1Client(Proxy& proxy, Session& its_session, async::StreamPtr stream)
      : session(its_session), wire(proxy.around_.reactor, std::move(stream), proxy.around_.options.limits) {
    session.leaving = this;
  }
  H1Client(const H1Client&) = delete;
  H1Client& operator=(const H1Client&) = delete;
  ~H1Client() { session.leaving = nullptr; }

  // A busy client sends its next request any moment; closing then would lose it, telling it to close loses nothing.
  void drain() override { wire.close_after_response_if_not_begun(); }
  void end_if_waiting() override {
    bool is_waiting = session.state == telemetry::ConnectionState::kWaiting && !is_parting;
    if (is_waiting && wire.stream().is_quiet()) wire.stream().expire_fill();
  }

  Session& session;
  wire::ServerConnection wire;
  Arena arena;
  bool is_parting = false;
  bool is_mistaken = false;  // speaks in clear where a handshake is wanted
  bool may_speak_http2 = false;
  bool speaks_http2 = false;  // its first bytes say so
};

}  // namespace sallyport::proxy
