#pragma once
// How many instances of a plugin serve an exchange of their own, on all workers together, and what became of their time
// slices. Any thread may use it.

#include <atomic>
#include <cstdint>

namespace sallyport::wasm {

class InstanceCounts {
 public:
  void taken() noexcept { in_use_.fetch_add(1, kRelaxed); }
  void given_back() noexcept { in_use_.fetch_sub(1, kRelaxed); }
  // A callback was cut for the first time.
  void suspended() noexcept { suspended_.fetch_add(1, kRelaxed); }
  // It has ended, or is not brought to its end.
  void unsuspended() noexcept { suspended_.fetch_sub(1, kRelaxed); }
  void cut() noexcept { slices_.fetch_add(1, kRelaxed); }

  std::uint64_t in_use_now() const noexcept { return in_use_.load(kRelaxed); }
  std::uint64_t suspended_now() const noexcept { return suspended_.load(kRelaxed); }
  std::uint64_t slices() const noexcept { return slices_.load(kRelaxed); }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  std::atomic<std::uint64_t> in_use_{0};
  std::atomic<std::uint64_t> suspended_{0};
  std::atomic<std::uint64_t> slices_{0};
};

}  // namespace sallyport::wasm
