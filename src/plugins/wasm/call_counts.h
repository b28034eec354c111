#pragma once
// How the HTTP calls of a plugin ended, on all workers together. Any thread may use it.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::wasm {

enum class CallOutcome : std::uint8_t { kAnswered, kTimeout, kUnavailable, kReset, kCancelled, kRefused };

class CallCounts {
 public:
  static constexpr std::array<std::string_view, 6> kNames{"answered", "timeout",   "unavailable",
                                                          "reset",    "cancelled", "refused"};

  void count(CallOutcome outcome) noexcept { counts_[static_cast<std::size_t>(outcome)].fetch_add(1, kRelaxed); }
  std::uint64_t of(CallOutcome outcome) const noexcept { return of(static_cast<std::size_t>(outcome)); }
  // In the order of kNames.
  std::uint64_t of(std::size_t index) const noexcept { return counts_[index].load(kRelaxed); }

  void begun() noexcept { active_.fetch_add(1, kRelaxed); }
  void ended() noexcept { active_.fetch_sub(1, kRelaxed); }
  // Under way now.
  std::uint64_t active() const noexcept { return active_.load(kRelaxed); }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  std::array<std::atomic<std::uint64_t>, kNames.size()> counts_{};
  std::atomic<std::uint64_t> active_{0};
};

}  // namespace sallyport::wasm
