#pragma once
// One client connection and what is kept for it between its requests. Part of Proxy.

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

struct Proxy::Session {
  Session(Proxy& proxy, async::Accepted accepted)
      : owner(proxy),
        clock(proxy.around_.reactor),
        client(proxy.around_.reactor, std::move(accepted.stream), proxy.around_.options.limits),
        peer_ip(accepted.peer.ip()),
        local_ip(accepted.local.ip()),
        peer{peer_ip, accepted.peer.port()},
        local{local_ip, accepted.local.port()},
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
  wire::ServerConnection client;
  Arena arena;
  std::string peer_ip;
  std::string local_ip;
  exchange::Peer peer;
  exchange::Peer local;
  std::uint64_t id;
  std::uint64_t requests = 0;
  telemetry::ConnectionState state = telemetry::ConnectionState::kWaiting;
  SteadyTime waiting_since = clock.steady();
  bool is_parting = false;
  bool is_mistaken = false;                  // speaks in clear where a handshake is wanted
  const exchange::ClientTls* tls = nullptr;  // null: the connection is in clear
  Session* previous = nullptr;
  Session* next;
};

}  // namespace sallyport::proxy
