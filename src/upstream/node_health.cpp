#include "upstream/node_health.h"

#include "base/log.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::upstream {
namespace {

constexpr std::uint64_t kSuccessBits = 0x0000'00ff;
constexpr std::uint64_t kFailureBits = 0xffff'ff00;
constexpr std::uint64_t kMostCount = 0xff;

constexpr unsigned shift_of(HealthReport report) { return static_cast<unsigned>(report) * 8; }

}  // namespace

std::string_view name_of(HealthState state) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"healthy", "mostly_healthy", "mostly_unhealthy", "unhealthy"};
  return kNames[static_cast<std::size_t>(state)];
}

NodeHealth::NodeHealth(std::string owner, std::string host, std::string ip, std::uint16_t port, SteadyTime now)
    : owner_(std::move(owner)),
      host_(std::move(host)),
      ip_(std::move(ip)),
      port_(port),
      recovers_at_(SteadyTime::max().time_since_epoch().count()),
      usable_since_(now.time_since_epoch().count()) {}

// As in APISIX: nothing is counted for a state that is reached already, and the first report against a state makes it
// a "mostly".
void NodeHealth::report(HealthReport report, std::uint8_t limit, SteadyTime now, SteadyTime recovers_at) {
  if (limit == 0) return;
  const bool is_success = report == HealthReport::kSuccess;
  const HealthState goal = is_success ? HealthState::kHealthy : HealthState::kUnhealthy;
  if (!is_success) recovers_at_.store(recovers_at.time_since_epoch().count(), std::memory_order_relaxed);
  std::uint64_t before = word_.load(std::memory_order_relaxed), after = 0;
  do {
    const HealthState state = state_of(before);
    if (state == goal) return;
    const std::uint64_t probation = before >> kProbationShift & 1;
    const std::uint64_t count = std::min((before >> shift_of(report) & 0xff) + 1, kMostCount);
    after = before & (is_success ? kSuccessBits : kFailureBits);
    after = (after & ~(std::uint64_t{0xff} << shift_of(report))) | count << shift_of(report);
    HealthState next = state;
    if (count >= limit || (probation != 0 && !is_success)) {
      next = goal;
    } else if (state == HealthState::kHealthy) {
      next = HealthState::kMostlyHealthy;
    } else if (state == HealthState::kUnhealthy) {
      next = HealthState::kMostlyUnhealthy;
    }
    after |= static_cast<std::uint64_t>(next) << kStateShift;
    if (next != goal) after |= probation << kProbationShift;
  } while (!word_.compare_exchange_weak(before, after, std::memory_order_release, std::memory_order_relaxed));
  if (is_healthy(state_of(after)) && !is_healthy(state_of(before))) {
    usable_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  if (state_of(before) != state_of(after)) changed(state_of(before), state_of(after));
}

bool NodeHealth::recovers(SteadyTime now) noexcept {
  std::uint64_t before = word_.load(std::memory_order_acquire);  // the time that belongs to it is there
  if (now.time_since_epoch().count() < recovers_at_.load(std::memory_order_relaxed)) return false;
  if (is_healthy(state_of(before))) return true;
  const std::uint64_t after =
      static_cast<std::uint64_t>(HealthState::kMostlyHealthy) << kStateShift | std::uint64_t{1} << kProbationShift;
  if (!word_.compare_exchange_strong(before, after, std::memory_order_relaxed)) return is_healthy(state_of(before));
  usable_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  changed(state_of(before), HealthState::kMostlyHealthy);
  return true;
}

// What decides about requests is a warning, so that the usual log shows it.
void NodeHealth::changed(HealthState from, HealthState to) const {
  const auto level = is_healthy(from) == is_healthy(to) ? log::Level::kInfo : log::Level::kWarn;
  log::at(level, "upstream of {}: node {}:{} ({}) is {}, was {}", owner_, ip_, port_, host_, name_of(to),
          name_of(from));
}

HealthCounters NodeHealth::counters() const noexcept {
  const std::uint64_t word = word_.load(std::memory_order_relaxed);
  auto counter = [word](HealthReport report) { return static_cast<std::uint8_t>(word >> shift_of(report) & 0xff); };
  return {counter(HealthReport::kSuccess), counter(HealthReport::kHttpFailure), counter(HealthReport::kTcpFailure),
          counter(HealthReport::kTimeout)};
}

}  // namespace sallyport::upstream
