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

TEST(Prometheus, OfAGlobalRuleGivesWayToTheRoutesOwnUnlessThatIsDisabled) {
  auto global = compile(R"({"prometheus":{"prefer_name":true},"request-id":{}})").value();
  auto count = [&](std::string_view route) { return chain::Chain(global, compile(route).value()).links().size(); };
  EXPECT_EQ(count(R"({"prometheus":{}})"), 2u);
  EXPECT_EQ(count(R"({"prometheus":{"_meta":{"disable":true}}})"), 2u);
  EXPECT_EQ(count(R"({"request-id":{}})"), 3u);
  EXPECT_EQ(count("{}"), 2u);
}

}  // namespace
}  // namespace sallyport::plugins::native
