#pragma once
// The metrics that the plugins of one vm_id define. They outlive VMs: the same type and name always have the same
// number. Any thread may call anything; counters and histograms have a cell for each worker, so that counting meets
// nobody, and a gauge has one value that all set.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

enum class MetricType : std::uint32_t { kCounter = 0, kGauge = 1, kHistogram = 2 };
inline constexpr std::uint32_t kMetricTypes = 3;

// Upper bounds of the buckets of histograms, in whatever unit the plugin records; most record milliseconds.
inline constexpr std::array<std::uint64_t, 18> kMetricBounds{
    1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000};

class PluginMetrics {
 public:
  static constexpr std::size_t kMost = 16384;
  static constexpr std::size_t kLongestName = 256;
  enum class Outcome : std::uint8_t { kOk, kUnknown, kRefused };
  struct Reading {
    MetricType type = MetricType::kCounter;
    std::string name;
    std::int64_t gauge = 0;
    std::uint64_t sum = 0;                                          // of a counter or of what a histogram recorded
    std::array<std::uint64_t, kMetricBounds.size() + 1> buckets{};  // not cumulative; the last one has no upper bound
  };

  // `lanes`: how many threads may count without meeting each other; further ones share the lanes.
  PluginMetrics(std::size_t most, std::size_t lanes);
  PluginMetrics(const PluginMetrics&) = delete;
  PluginMetrics& operator=(const PluginMetrics&) = delete;
  ~PluginMetrics();

  // The number of the metric; its lowest two bits are the type. Beyond the limits, that of a metric that nobody sees:
  // plugins may define by what clients send, and SDKs stop a plugin whose definition fails. `most`: how many may be
  // there for whoever defines, where that is less than the limit of all.
  std::uint32_t define(MetricType type, std::string_view name, std::size_t most = kMost);
  static constexpr std::uint32_t overflow_of(MetricType type) {
    return kOverflow << 2 | static_cast<std::uint32_t>(type);
  }
  static bool is_overflow(std::uint32_t metric) noexcept { return metric >> 2 == kOverflow; }

  // Of a counter by 1 or more, of a gauge by anything.
  Outcome increment(std::uint32_t metric, std::int64_t by, std::size_t lane);
  // Adds to a counter, sets a gauge, observes in a histogram.
  Outcome record(std::uint32_t metric, std::uint64_t value, std::size_t lane);
  // Of a counter or a gauge, over all workers.
  Outcome get(std::uint32_t metric, std::uint64_t& value) const;

  void limit(std::size_t most) { most_ = most; }
  std::size_t size() const noexcept { return size_; }
  std::uint64_t dropped() const noexcept { return dropped_; }  // definitions beyond the limit
  std::vector<Reading> read() const;                           // in the order of their definition

 private:
  struct Metric;
  static constexpr std::uint32_t kOverflow = 0xffff'ffff >> 2;
  static constexpr std::size_t kChunk = 256;
  using Chunk = std::array<std::atomic<Metric*>, kChunk>;

  Metric* find(std::uint32_t metric) const noexcept;
  void publish(std::unique_ptr<Metric> metric);

  std::atomic<std::size_t> most_;
  std::size_t lanes_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;  // of definitions; guards by_name_
  std::map<std::pair<MetricType, std::string_view>, std::uint32_t> by_name_;
  std::atomic<std::size_t> size_{0};
  std::array<std::atomic<Chunk*>, kMost / kChunk> chunks_{};
};

}  // namespace sallyport::wasm
