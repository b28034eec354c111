#pragma once
// The connections of clients: how many there may be, all together and of one address, and which worker serves the next.
// One tally for all workers, asked when a connection begins and told when it ends, never by a request.

#include "async/address.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport::proxy {

class ClientConnections final {
 public:
  struct Most {
    std::uint32_t connections = 0;  // 0: no limit, for each
    std::uint32_t per_address = 0;
    std::uint64_t descriptors = 0;  // of the process, when one more connection comes
  };
  ClientConnections(Most most, std::size_t workers);
  ClientConnections(const ClientConnections&) = delete;
  ClientConnections& operator=(const ClientConnections&) = delete;

  // Holds the place of one connection until it is dropped.
  class Place;
  enum class Refusal : std::uint8_t { kNone, kConnections, kAddress, kDescriptors };

  // Any thread, as all of it. The worker that is to serve a connection which `accepting` got: that one, unless it had
  // more than 1.25 times the mean then and another has fewer. The kernel spreads connections by a hash of their
  // addresses and ports, and knows nothing of those that have ended; a few that last, as of HTTP/2, may all meet in one
  // worker.
  std::size_t worker_for_next(std::size_t accepting) const noexcept;

  // Unless it is refused, `place` counts among all and for `worker`; it must not outlive this. `socket`: of the
  // connection. The kernel gives out the least number that is free, so it tells how many descriptors there are.
  Refusal admit(Place& place, std::size_t worker, int socket);
  // Then, once: it counts for the address of the client, too. Of IPv6, whoever has one address usually has its /64,
  // which therefore counts as one. Unix sockets have no address.
  Refusal admit_address(const async::Address& client, Place& place);

  std::uint32_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }
  std::size_t workers() const noexcept { return of_workers_.size(); }
  std::uint32_t connections_of(std::size_t worker) const noexcept {
    return of_workers_[worker].open.load(std::memory_order_relaxed);
  }

 private:
  using Network = std::uint64_t;  // an address of IPv4, or the first half of one of IPv6
  struct Shard {
    std::mutex lock;  // taken at the two ends of a connection
    std::unordered_map<Network, std::uint32_t> open;
  };
  static constexpr std::size_t kShards = 64;
  struct alignas(64) Count {
    std::atomic<std::uint32_t> open{0};
  };

  static Network network_of(const async::Address& client);
  Shard& shard_of(Network network) noexcept;
  bool count(Network network);
  void leave(Network network) noexcept;

  const Most most_;
  const std::uint64_t secret_;  // so that nobody chooses addresses that share a shard
  std::atomic<std::uint32_t> connections_{0};
  std::vector<Count> of_workers_;
  std::array<Shard, kShards> shards_;
};

class ClientConnections::Place final {
 public:
  Place() = default;
  Place(Place&& other) noexcept
      : tally_(std::exchange(other.tally_, nullptr)),
        worker_(other.worker_),
        network_(other.network_),
        counts_(other.counts_) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { release(); }
  void release() noexcept;

 private:
  friend class ClientConnections;
  ClientConnections* tally_ = nullptr;
  std::size_t worker_ = 0;
  Network network_ = 0;
  bool counts_ = false;  // for its address
};

}  // namespace sallyport::proxy
