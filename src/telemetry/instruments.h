#pragma once
// A number that grows and a distribution of durations, each with one writing thread and any number of readers.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sallyport::telemetry {

class Counter final {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Upper bounds of the buckets of every latency, in milliseconds: APISIX's.
inline constexpr std::array<std::uint32_t, 15> kLatencyBounds{1,   2,    5,    10,   20,    50,    100,  200,
                                                              500, 1000, 2000, 5000, 10000, 30000, 60000};

class Histogram final {
 public:
  static constexpr std::size_t kBuckets = kLatencyBounds.size() + 1;  // the last one has no upper bound

  // A negative duration counts as none at all.
  void record(std::chrono::nanoseconds duration) noexcept {
    auto spent = duration.count() < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(duration.count());
    buckets_[bucket_of(spent)].add();
    nanoseconds_.add(spent);
  }

  std::uint64_t in_bucket(std::size_t bucket) const noexcept { return buckets_[bucket].value(); }  // not cumulative
  std::uint64_t nanoseconds() const noexcept { return nanoseconds_.value(); }                      // sum of all

 private:
  // From the shortest on: most requests take less than some milliseconds.
  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept {
    constexpr std::uint64_t kMillisecond = 1'000'000;
    std::size_t bucket = 0;
    while (bucket < kLatencyBounds.size() && nanoseconds > kLatencyBounds[bucket] * kMillisecond) ++bucket;
    return bucket;
  }

  std::array<Counter, kBuckets> buckets_;
  Counter nanoseconds_;
};

}  // namespace sallyport::telemetry
