#pragma once
// How many connections clients may have: all of them together, and those of one address. One tally for all workers,
// asked when a connection begins and told when it ends, never by a request.

#include "async/address.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace sallyport::proxy {

class ConnectionLimits final {
 public:
  struct Most {
    std::uint32_t connections = 0;  // 0: no limit, for both
    std::uint32_t per_address = 0;
  };
  explicit ConnectionLimits(Most most);
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // Holds the place of one connection until it is dropped.
  class Place;
  enum class Refusal : std::uint8_t { kNone, kConnections, kAddress };

  // Any thread. Unless it is refused, `place` counts among all; it must not outlive this.
  Refusal admit(Place& place);
  // Then, once: it counts for the address of the client, too. Of IPv6, whoever has one address usually has its /64,
  // which therefore counts as one. Unix sockets have no address.
  Refusal admit_address(const async::Address& client, Place& place);

  std::uint32_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

 private:
  using Network = std::uint64_t;  // an address of IPv4, or the first half of one of IPv6
  struct Shard {
    std::mutex lock;  // taken at the two ends of a connection
    std::unordered_map<Network, std::uint32_t> open;
  };
  static constexpr std::size_t kShards = 64;

  static Network network_of(const async::Address& client);
  Shard& shard_of(Network network) noexcept;
  bool count(Network network);
  void leave(Network network) noexcept;

  const Most most_;
  const std::uint64_t secret_;  // so that nobody chooses addresses that share a shard
  std::atomic<std::uint32_t> connections_{0};
  std::array<Shard, kShards> shards_;
};

class ConnectionLimits::Place final {
 public:
  Place() = default;
  Place(Place&& other) noexcept
      : limits_(std::exchange(other.limits_, nullptr)), network_(other.network_), counts_(other.counts_) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { release(); }
  void release() noexcept;

 private:
  friend class ConnectionLimits;
  ConnectionLimits* limits_ = nullptr;
  Network network_ = 0;
  bool counts_ = false;  // for its address
};

}  // namespace sallyport::proxy
