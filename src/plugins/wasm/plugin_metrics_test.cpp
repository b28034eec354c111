#include "plugins/wasm/plugin_metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace sallyport::wasm {
namespace {

using Outcome = PluginMetrics::Outcome;

class PluginMetricsTest : public testing::Test {
 protected:
  std::uint64_t value(std::uint32_t metric) {
    std::uint64_t value = 0;
    EXPECT_EQ(metrics_.get(metric, value), Outcome::kOk);
    return value;
  }
  PluginMetrics metrics_{100, 3};
  std::uint32_t counter_ = metrics_.define(MetricType::kCounter, "c");
  std::uint32_t gauge_ = metrics_.define(MetricType::kGauge, "g");
  std::uint32_t histogram_ = metrics_.define(MetricType::kHistogram, "h");
};

TEST_F(PluginMetricsTest, NumbersTellTheTypeAndStay) {
  EXPECT_EQ(counter_, 4u);
  EXPECT_EQ(gauge_, 9u);
  EXPECT_EQ(histogram_, 14u);
  EXPECT_EQ(metrics_.define(MetricType::kCounter, "c"), counter_);
  EXPECT_NE(metrics_.define(MetricType::kGauge, "c"), gauge_);
}

TEST_F(PluginMetricsTest, CountersOnlyGrow) {
  EXPECT_EQ(metrics_.increment(counter_, 2, 0), Outcome::kOk);
  EXPECT_EQ(metrics_.increment(counter_, 3, 7), Outcome::kOk);
  EXPECT_EQ(metrics_.increment(counter_, 0, 0), Outcome::kRefused);
  EXPECT_EQ(metrics_.increment(counter_, -1, 0), Outcome::kRefused);
  EXPECT_EQ(metrics_.record(counter_, 10, 1), Outcome::kOk);
  EXPECT_EQ(value(counter_), 15u);
}

TEST_F(PluginMetricsTest, GaugesAreSetAndMoved) {
  EXPECT_EQ(metrics_.record(gauge_, 10, 0), Outcome::kOk);
  EXPECT_EQ(metrics_.record(gauge_, 20, 1), Outcome::kOk);
  EXPECT_EQ(metrics_.increment(gauge_, -5, 2), Outcome::kOk);
  EXPECT_EQ(metrics_.increment(gauge_, 0, 2), Outcome::kOk);
  EXPECT_EQ(value(gauge_), 15u);
}

TEST_F(PluginMetricsTest, HistogramsOnlyRecord) {
  std::uint64_t none = 0;
  EXPECT_EQ(metrics_.increment(histogram_, 1, 0), Outcome::kRefused);
  EXPECT_EQ(metrics_.get(histogram_, none), Outcome::kRefused);
  EXPECT_EQ(metrics_.record(histogram_, 1, 0), Outcome::kOk);
}

TEST_F(PluginMetricsTest, UnknownNumbersAreUnknown) {
  std::uint64_t none = 0;
  for (std::uint32_t metric : {0u, 1u, 3u, counter_ | 1, counter_ | 3, 400u, 0xffff'ffffu >> 1, 0x8000'0000u}) {
    EXPECT_EQ(metrics_.increment(metric, 1, 0), Outcome::kUnknown) << metric;
    EXPECT_EQ(metrics_.record(metric, 1, 0), Outcome::kUnknown) << metric;
    EXPECT_EQ(metrics_.get(metric, none), Outcome::kUnknown) << metric;
  }
}

TEST_F(PluginMetricsTest, BeyondTheLimitNothingIsKept) {
  metrics_.limit(3);
  EXPECT_EQ(metrics_.define(MetricType::kGauge, "g"), gauge_);
  std::uint32_t beyond = metrics_.define(MetricType::kGauge, "more");
  EXPECT_TRUE(PluginMetrics::is_overflow(beyond));
  EXPECT_EQ(metrics_.increment(beyond, 1, 0), Outcome::kOk);
  EXPECT_EQ(metrics_.record(beyond, 1, 0), Outcome::kOk);
  EXPECT_EQ(value(beyond), 0u);
  EXPECT_EQ(metrics_.increment(metrics_.define(MetricType::kCounter, "more"), 0, 0), Outcome::kRefused);
  EXPECT_EQ(metrics_.read().size(), 3u);
  EXPECT_EQ(metrics_.dropped(), 2u);
}

TEST_F(PluginMetricsTest, NamesHaveAnEnd) {
  EXPECT_FALSE(PluginMetrics::is_overflow(metrics_.define(MetricType::kGauge, std::string(256, 'n'))));
  EXPECT_TRUE(PluginMetrics::is_overflow(metrics_.define(MetricType::kGauge, std::string(257, 'n'))));
}

TEST(PluginMetricsConcurrency, NothingIsLostWhileMetricsAreDefinedAndRead) {
  PluginMetrics metrics(1000, 2);
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    threads.emplace_back([&metrics, lane] {
      for (int i = 0; i < 600; ++i) {
        auto counter = metrics.define(MetricType::kCounter, "c" + std::to_string(i % 300));
        metrics.increment(counter, 1, lane);
        metrics.record(metrics.define(MetricType::kHistogram, "h"), 1, lane);
        metrics.increment(metrics.define(MetricType::kGauge, "g"), i % 2 ? 1 : -1, lane);
        if (i % 100 == 0) metrics.read();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t counted = 0;
  for (const auto& reading : metrics.read()) {
    if (reading.type == MetricType::kCounter) counted += reading.sum;
    if (reading.type == MetricType::kHistogram) EXPECT_EQ(reading.sum, 2400u);
    EXPECT_EQ(reading.gauge, 0);
  }
  EXPECT_EQ(counted, 2400u);
  EXPECT_EQ(metrics.size(), 302u);
}

}  // namespace
}  // namespace sallyport::wasm
