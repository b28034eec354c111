#include "plugins/native/plugin_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::plugins::native {
namespace {

TEST(Prometheus, PreferringNamesIsMarkedForTheMetrics) {
  PluginFixture by_id(R"({"prometheus":{}})");
  by_id.at_work.log();
  EXPECT_FALSE(by_id.exchange.metrics_by_name);
  PluginFixture by_name(R"({"prometheus":{"prefer_name":true}})");
  by_name.at_work.log();
  EXPECT_TRUE(by_name.exchange.metrics_by_name);
}

}  // namespace
}  // namespace sallyport::plugins::native
