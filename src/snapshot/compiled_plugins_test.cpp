#include "snapshot/compiled_plugins.h"

#include "json/parse.h"

#include <gtest/gtest.h>

namespace sallyport::snapshot {
namespace {

resources::PluginConfs confs(std::string_view plugins) {
  json::Value resource = json::Object{{"plugins", *json::parse(plugins)}};
  return *resources::plugin_confs_from(resource);
}

TEST(ChooseConfs, WholeConfsOfTheStrongerPlaceWin) {
  const auto service = confs(R"({"a":{"s":1,"t":1},"b":{"s":1},"c":{"s":1}})");
  const auto config = confs(R"({"b":{"p":1},"c":{"p":1}})");
  const auto route = confs(R"({"c":{"r":1},"d":{}})");
  std::string chosen;
  for (const resources::PluginConf* conf : choose_confs({&service, &config, &route})) {
    chosen += conf->name + json::print(conf->conf) + " ";
  }
  EXPECT_EQ(chosen, R"(a{"s":1,"t":1} b{"p":1} c{"r":1} d{} )");
  EXPECT_EQ(choose_confs({nullptr, nullptr, &route}).size(), 2u);
}

}  // namespace
}  // namespace sallyport::snapshot
