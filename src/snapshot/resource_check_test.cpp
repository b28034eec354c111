#include "snapshot/resource_check.h"

#include "snapshot/builder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::snapshot {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct ResourceCheckTest : testing::Test, BuilderFixture {
  std::string error(std::string_view text, std::string_view prefix = "") {
    Status status = check_alone(catalog, resources::Kind::kRoute, *json::parse(text), {}, prefix);
    return status ? "" : status.error().what;
  }
};

TEST_F(ResourceCheckTest, APluginOfTheCatalogWithAConfOfItsSchemaPasses) {
  EXPECT_EQ(error(R"({"uri": "/a", "plugins": {"low": {"mark": "x"}, "high": {}}})"), "");
  EXPECT_EQ(error(R"({"uri": "/a", "plugins": {}})"), "");
}

TEST_F(ResourceCheckTest, ThePrefixStandsBeforeWhatTheSchemaSaysAndNothingElse) {
  EXPECT_THAT(error(R"({"uri": 1, "plugins": {}})", "invalid configuration: "), StartsWith("invalid configuration: "));
  EXPECT_EQ(error(R"({"uri": "/a", "host": "a", "hosts": ["b"]})", "invalid configuration: "),
            "only one of host or hosts is allowed");
  EXPECT_THAT(error(R"({"uri": "/a", "plugins": {"none": {}}})", "invalid configuration: "), StartsWith("unknown"));
}

TEST_F(ResourceCheckTest, EveryPluginIsLookedAt) {
  EXPECT_THAT(error(R"({"uri": "/a", "plugins": {"low": {}, "high": {"mark": 1}}})"), HasSubstr("plugin high"));
}

}  // namespace
}  // namespace sallyport::snapshot
