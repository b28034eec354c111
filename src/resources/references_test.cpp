#include "resources/references.h"

#include "json/parse.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(References, ARouteRefersToThreeKinds) {
  json::Value route = *json::parse(R"({"uri":"/","upstream_id":1,"service_id":"s","plugin_config_id":"p"})");
  EXPECT_THAT(references_of(Kind::kRoute, route),
              ElementsAre(Reference{Kind::kUpstream, "1"}, Reference{Kind::kService, "s"},
                          Reference{Kind::kPluginConfig, "p"}));
  EXPECT_THAT(references_of(Kind::kService, route), ElementsAre(Reference{Kind::kUpstream, "1"}));
  EXPECT_THAT(references_of(Kind::kGlobalRule, route), IsEmpty());
}

TEST(References, MissingOnesAreNamed) {
  EXPECT_EQ(missing({Kind::kUpstream, "9"}), "failed to fetch upstream info by upstream id [9], response code: 404");
  EXPECT_EQ(missing({Kind::kPluginConfig, "x"}),
            "failed to fetch plugin config info by plugin config id [x], response code: 404");
}

TEST(References, WhatIsUsedCannotBeDeleted) {
  EXPECT_EQ(still_used(Kind::kService, {Kind::kRoute, "1"}),
            "can not delete this service directly, route [1] is still using it now");
  EXPECT_EQ(still_used(Kind::kUpstream, {Kind::kService, "s"}),
            "can not delete this upstream, service [s] is still using it now");
  EXPECT_EQ(still_used(Kind::kPluginConfig, {Kind::kRoute, "1"}),
            "can not delete this plugin config, route [1] is still using it now");
}

TEST(References, IdsAreTextHoweverTheyAreWritten) {
  EXPECT_EQ(id_text(*json::parse(R"({"id":12})")), "12");
  EXPECT_EQ(id_text(*json::parse(R"({"id":"a"})")), "a");
  EXPECT_EQ(id_text(*json::parse(R"({"id":true})")), "");
  EXPECT_EQ(id_text(*json::parse("{}"), "upstream_id"), "");
}

}  // namespace
}  // namespace sallyport::resources
