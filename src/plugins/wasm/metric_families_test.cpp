#include "plugins/wasm/metric_families.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

class MetricFamilies : public testing::Test {
 protected:
  void count(std::string_view plugin, std::string_view name) {
    PluginMetrics& metrics = state_.of(plugin).metrics;
    metrics.increment(metrics.define(MetricType::kCounter, name), 1, 0);
  }
  void set(std::string_view plugin, std::string_view name, std::uint64_t value) {
    PluginMetrics& metrics = state_.of(plugin).metrics;
    metrics.record(metrics.define(MetricType::kGauge, name), value, 0);
  }
  std::string text() {
    std::string text;
    append_metric_families(text, state_);
    return text;
  }

  SystemClock clock_;
  SharedState state_{clock_, {}, 2};
};

TEST_F(MetricFamilies, PluginsShareAFamily) {
  count("a", "hits");
  count("b", "hits");
  EXPECT_EQ(text(),
            "# HELP wasm_hits Defined by a plugin\n"
            "# TYPE wasm_hits counter\n"
            "wasm_hits{plugin=\"a\"} 1\n"
            "wasm_hits{plugin=\"b\"} 1\n");
}

TEST_F(MetricFamilies, NamesThatPrometheusRefusesStandInALabel) {
  count("a", "hits.of \"caf\xc3\xa9\"\n");
  count("a", "hits_of__caf____");
  EXPECT_EQ(text(),
            "# HELP wasm_hits_of__caf____ Defined by a plugin\n"
            "# TYPE wasm_hits_of__caf____ counter\n"
            "wasm_hits_of__caf____{plugin=\"a\",name=\"hits.of \\\"caf%c3%a9\\\"%0a\"} 1\n"
            "wasm_hits_of__caf____{plugin=\"a\"} 1\n");
}

TEST_F(MetricFamilies, FamiliesOfDifferentTypesDoNotShareAName) {
  set("a", "x", 7);
  count("b", "x");
  set("b", "x_gauge", 8);
  std::string all = text();
  EXPECT_NE(all.find("# TYPE wasm_x counter\nwasm_x{plugin=\"b\"} 1\n"), std::string::npos) << all;
  EXPECT_NE(all.find("# TYPE wasm_x_gauge gauge\nwasm_x_gauge{plugin=\"a\"} 7\n"), std::string::npos) << all;
  EXPECT_NE(all.find("# TYPE wasm_x_gauge_gauge gauge\nwasm_x_gauge_gauge{plugin=\"b\"} 8\n"), std::string::npos);
}

TEST_F(MetricFamilies, TheSeriesOfAHistogramAreItsOwn) {
  PluginMetrics& metrics = state_.of("a").metrics;
  metrics.define(MetricType::kCounter, "time_sum");
  metrics.record(metrics.define(MetricType::kHistogram, "time"), 5, 1);
  EXPECT_NE(text().find("# TYPE wasm_time_histogram histogram\n"), std::string::npos);
}

TEST_F(MetricFamilies, HistogramsAreCumulative) {
  PluginMetrics& metrics = state_.of("a").metrics;
  auto time = metrics.define(MetricType::kHistogram, "time");
  for (std::uint64_t value : {0, 1, 2, 4'000'000}) metrics.record(time, value, value % 2);
  std::string all = text();
  EXPECT_NE(all.find("wasm_time_bucket{plugin=\"a\",le=\"1\"} 2\n"), std::string::npos) << all;
  EXPECT_NE(all.find("wasm_time_bucket{plugin=\"a\",le=\"3600000\"} 3\n"), std::string::npos);
  EXPECT_NE(all.find("wasm_time_bucket{plugin=\"a\",le=\"+Inf\"} 4\n"), std::string::npos);
  EXPECT_NE(all.find("wasm_time_sum{plugin=\"a\"} 4000003\nwasm_time_count{plugin=\"a\"} 4\n"), std::string::npos);
}

TEST_F(MetricFamilies, GaugesBelowZeroAreShownAsSuch) {
  PluginMetrics& metrics = state_.of("a").metrics;
  metrics.increment(metrics.define(MetricType::kGauge, "level"), -3, 0);
  EXPECT_NE(text().find("wasm_level{plugin=\"a\"} -3\n"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::wasm
