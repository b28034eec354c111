#pragma once
// How often the plugins of one vm_id may change their metrics: so many times a second on each worker, copies of its VMs
// together. Any thread may ask; those that share a lane share its second.

#include "base/clock.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport::wasm {

class MetricPace {
 public:
  enum class Answer : std::uint8_t { kGoOn, kTooMany, kFirstTooMany };  // kFirst: of its second

  explicit MetricPace(std::size_t lanes) : lanes_(lanes) {}

  // Whether one more change goes, of `most` a second. What was left over of seconds before is not saved up, but for the
  // one that is under way: the clock is looked at beyond the last change alone.
  Answer ask(std::size_t lane, std::uint64_t most, const Clock& clock) {
    Lane& own = lanes_[lane % lanes_.size()];
    const std::uint64_t changes = own.changes.load(kRelaxed);
    if (changes == 0) begin(own, clock.steady());
    if (changes < most) [[likely]] {
      own.changes.store(changes + 1, kRelaxed);
      return Answer::kGoOn;
    }
    const SteadyTime now = clock.steady();
    if (most != 0 && now - SteadyTime(SteadyTime::duration(own.begun.load(kRelaxed))) >= std::chrono::seconds(1)) {
      begin(own, now);
      own.changes.store(1, kRelaxed);
      own.is_told.store(false, kRelaxed);
      return Answer::kGoOn;
    }
    dropped_.fetch_add(1, kRelaxed);
    return own.is_told.exchange(true, kRelaxed) ? Answer::kTooMany : Answer::kFirstTooMany;
  }
  std::uint64_t dropped() const noexcept { return dropped_.load(kRelaxed); }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  struct alignas(64) Lane {
    std::atomic<std::uint64_t> changes{0};  // in this second
    std::atomic<SteadyTime::rep> begun{0};
    std::atomic<bool> is_told{false};
  };
  static void begin(Lane& lane, SteadyTime now) { lane.begun.store(now.time_since_epoch().count(), kRelaxed); }

  std::vector<Lane> lanes_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace sallyport::wasm
