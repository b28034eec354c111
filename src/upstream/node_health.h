#pragma once
// How one address of a node of a cluster does, by what probes and exchanges report of it: the four states and counters
// of APISIX's health checks. Shared by all threads: reading is one relaxed load, a report that changes something one
// compare-and-swap; nobody waits.

#include "base/clock.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::upstream {

enum class HealthState : std::uint8_t { kHealthy, kMostlyHealthy, kMostlyUnhealthy, kUnhealthy };
std::string_view name_of(HealthState state) noexcept;  // "mostly_healthy"

// What is counted. A success forgets the failures, a failure the successes.
enum class HealthReport : std::uint8_t { kSuccess, kHttpFailure, kTcpFailure, kTimeout };

struct HealthCounters {
  std::uint8_t successes = 0, http_failures = 0, tcp_failures = 0, timeouts = 0;
  friend bool operator==(const HealthCounters&, const HealthCounters&) = default;
};

class NodeHealth final {
 public:
  // `owner` is the key of its cluster; `host` the node as configured, `ip` and `port` the address it stands for.
  NodeHealth(std::string owner, std::string host, std::string ip, std::uint16_t port, SteadyTime now);
  NodeHealth(const NodeHealth&) = delete;
  NodeHealth& operator=(const NodeHealth&) = delete;

  const std::string& host() const noexcept { return host_; }
  const std::string& ip() const noexcept { return ip_; }
  std::uint16_t port() const noexcept { return port_; }

  // Whether it is to get requests. One that nobody probes does again at the time that was said with its last failure;
  // then the next report decides.
  bool is_usable(SteadyTime now) noexcept {
    return is_healthy(state_of(word_.load(std::memory_order_relaxed))) || recovers(now);
  }
  // Since when it has been usable without interruption.
  SteadyTime usable_since() const noexcept {
    return SteadyTime(SteadyTime::duration(usable_since_.load(std::memory_order_relaxed)));
  }

  // `limit` reports of a kind in a row (0: no number of them) change the state, which is logged. `recovers_at`: when it
  // is tried again after this report has made it unhealthy.
  void report(HealthReport report, std::uint8_t limit, SteadyTime now, SteadyTime recovers_at = SteadyTime::max());

  HealthState state() const noexcept { return state_of(word_.load(std::memory_order_relaxed)); }
  HealthCounters counters() const noexcept;

 private:
  static constexpr unsigned kStateShift = 32;
  static constexpr unsigned kProbationShift = 34;
  static HealthState state_of(std::uint64_t word) noexcept { return static_cast<HealthState>(word >> kStateShift & 3); }
  static bool is_healthy(HealthState state) noexcept { return state <= HealthState::kMostlyHealthy; }

  bool recovers(SteadyTime now) noexcept;
  void changed(HealthState from, HealthState to) const;

  const std::string owner_, host_, ip_;
  const std::uint16_t port_;
  // Four counters of a byte each, the state, and whether one more failure is enough (after a recovery by time).
  std::atomic<std::uint64_t> word_{0};
  std::atomic<SteadyTime::rep> recovers_at_;
  std::atomic<SteadyTime::rep> usable_since_;
};

using NodeHealthPtr = std::shared_ptr<NodeHealth>;

}  // namespace sallyport::upstream
