#include "plugins/wasm/plugin_metrics.h"

#include <algorithm>

namespace sallyport::wasm {
namespace {

struct alignas(64) CounterCell {
  std::atomic<std::uint64_t> value{0};
};

struct alignas(64) HistogramCell {
  std::array<std::atomic<std::uint64_t>, kMetricBounds.size() + 1> buckets{};
  std::atomic<std::uint64_t> sum{0};
};

void add(std::atomic<std::uint64_t>& to, std::uint64_t amount) { to.fetch_add(amount, std::memory_order_relaxed); }

}  // namespace

struct PluginMetrics::Metric {
  Metric(MetricType its_type, std::string_view its_name, std::size_t lanes) : type(its_type), name(its_name) {
    if (type == MetricType::kCounter) counters = std::vector<CounterCell>(lanes);
    if (type == MetricType::kHistogram) histograms = std::vector<HistogramCell>(lanes);
  }

  void observe(std::uint64_t value, std::size_t lane) {
    HistogramCell& cell = histograms[lane % histograms.size()];
    auto bucket = std::ranges::lower_bound(kMetricBounds, value) - kMetricBounds.begin();
    add(cell.buckets[static_cast<std::size_t>(bucket)], 1);
    add(cell.sum, value);
  }
  void count(std::uint64_t amount, std::size_t lane) { add(counters[lane % counters.size()].value, amount); }
  std::uint64_t counted() const {
    std::uint64_t sum = 0;
    for (const CounterCell& cell : counters) sum += cell.value.load(std::memory_order_relaxed);
    return sum;
  }

  MetricType type;
  std::string name;
  std::atomic<std::uint64_t> gauge{0};
  std::vector<CounterCell> counters;
  std::vector<HistogramCell> histograms;
};

PluginMetrics::PluginMetrics(std::size_t most, std::size_t lanes)
    : most_(most), lanes_(std::max<std::size_t>(lanes, 1)) {}

PluginMetrics::~PluginMetrics() {
  for (const auto& chunk : chunks_) {
    if (!chunk) continue;
    for (const auto& metric : *chunk.load()) delete metric.load();
    delete chunk.load();
  }
}

// Indexes start at 1, so that no number is below 4.
PluginMetrics::Metric* PluginMetrics::find(std::uint32_t metric) const noexcept {
  std::size_t index = (metric >> 2) - std::size_t{1};
  if (index >= size_.load(std::memory_order_acquire)) return nullptr;
  Metric* found = (*chunks_[index / kChunk].load(std::memory_order_acquire))[index % kChunk].load();
  return static_cast<std::uint32_t>(found->type) == (metric & 3) ? found : nullptr;
}

std::uint32_t PluginMetrics::define(MetricType type, std::string_view name, std::size_t most) {
  auto number = [type](std::size_t index) {
    return static_cast<std::uint32_t>(index << 2) | static_cast<std::uint32_t>(type);
  };
  std::lock_guard lock(mutex_);
  if (auto known = by_name_.find({type, name}); known != by_name_.end()) return known->second;
  if (size_ >= std::min({most_.load(), most, kMost}) || name.size() > kLongestName) {
    ++dropped_;
    return overflow_of(type);
  }
  auto metric = std::make_unique<Metric>(type, name, lanes_);
  by_name_.emplace(std::pair(type, std::string_view(metric->name)), number(size_ + 1));
  publish(std::move(metric));
  return number(size_);
}

void PluginMetrics::publish(std::unique_ptr<Metric> metric) {
  std::atomic<Chunk*>& chunk = chunks_[size_ / kChunk];
  if (!chunk) chunk.store(new Chunk(), std::memory_order_release);
  (*chunk.load())[size_ % kChunk] = metric.release();
  size_.fetch_add(1, std::memory_order_release);
}

PluginMetrics::Outcome PluginMetrics::increment(std::uint32_t metric, std::int64_t by, std::size_t lane) {
  auto type = static_cast<MetricType>(metric & 3);
  Metric* found = find(metric);
  if (!found && !is_overflow(metric)) return Outcome::kUnknown;
  if (type == MetricType::kHistogram || (type == MetricType::kCounter && by <= 0)) return Outcome::kRefused;
  if (!found) return Outcome::kOk;
  if (type == MetricType::kGauge)
    add(found->gauge, static_cast<std::uint64_t>(by));
  else
    found->count(static_cast<std::uint64_t>(by), lane);
  return Outcome::kOk;
}

PluginMetrics::Outcome PluginMetrics::record(std::uint32_t metric, std::uint64_t value, std::size_t lane) {
  Metric* found = find(metric);
  if (!found) return is_overflow(metric) ? Outcome::kOk : Outcome::kUnknown;
  if (found->type == MetricType::kCounter)
    found->count(value, lane);
  else if (found->type == MetricType::kGauge)
    found->gauge.store(value, std::memory_order_relaxed);
  else
    found->observe(value, lane);
  return Outcome::kOk;
}

PluginMetrics::Outcome PluginMetrics::get(std::uint32_t metric, std::uint64_t& value) const {
  const Metric* found = find(metric);
  if (!found && !is_overflow(metric)) return Outcome::kUnknown;
  if (static_cast<MetricType>(metric & 3) == MetricType::kHistogram) return Outcome::kRefused;
  value = !found ? 0 : found->type == MetricType::kGauge ? found->gauge.load() : found->counted();
  return Outcome::kOk;
}

std::vector<PluginMetrics::Reading> PluginMetrics::read() const {
  std::vector<Reading> readings;
  std::size_t size = size_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < size; ++i) {
    const Metric& metric = *(*chunks_[i / kChunk].load(std::memory_order_acquire))[i % kChunk].load();
    Reading& reading = readings.emplace_back();
    reading.type = metric.type;
    reading.name = metric.name;
    reading.gauge = static_cast<std::int64_t>(metric.gauge.load(std::memory_order_relaxed));
    reading.sum = metric.counted();
    for (const HistogramCell& cell : metric.histograms) {
      reading.sum += cell.sum.load(std::memory_order_relaxed);
      for (std::size_t b = 0; b < cell.buckets.size(); ++b)
        reading.buckets[b] += cell.buckets[b].load(std::memory_order_relaxed);
    }
  }
  return readings;
}

}  // namespace sallyport::wasm
