// What a plan does about the resources its route refers to.

#include "snapshot/builder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::snapshot {
namespace {

using testing::HasSubstr;

struct ReferencesTest : testing::Test, BuilderFixture {
  std::string cluster_key(std::string_view path) {
    const Plan& found = plan(path);
    return found.cluster ? found.cluster->key() : "none";
  }
};

constexpr std::string_view kUpstream = R"({"nodes": {"127.0.0.1:80": 1}})";

TEST_F(ReferencesTest, TheRoutesUpstreamWinsOverTheServicesAndAnIdOverWhatIsWrittenInside) {
  put("upstreams", "u", kUpstream);
  put("upstreams", "su", kUpstream);
  put("services", "s", R"({"upstream_id": "su", "upstream": {"nodes": {"127.0.0.1:81": 1}}})");
  put("services", "own", R"({"upstream": {"nodes": {"127.0.0.1:81": 1}}})");
  put("routes", "1", R"({"uri": "/1", "service_id": "s"})");
  put("routes", "2", R"({"uri": "/2", "service_id": "own"})");
  put("routes", "3", R"({"uri": "/3", "service_id": "s", "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  put("routes", "4",
      R"({"uri": "/4", "service_id": "s", "upstream_id": "u", "upstream": {"nodes": {"127.0.0.1:1": 1}}})");
  EXPECT_EQ(cluster_key("/1"), "upstreams/su");
  EXPECT_EQ(cluster_key("/2"), "services/own");
  EXPECT_EQ(cluster_key("/3"), "routes/3");
  EXPECT_EQ(cluster_key("/4"), "upstreams/u");
}

TEST_F(ReferencesTest, AMissingUpstreamIs502UntilItComes) {
  put("routes", "r", R"({"uri": "/a", "upstream_id": "u"})");
  EXPECT_EQ(plan("/a").no_upstream->status, 502);
  EXPECT_FALSE(plan("/a").refusal);
  put("upstreams", "u", kUpstream);
  EXPECT_EQ(cluster_key("/a"), "upstreams/u");
  EXPECT_FALSE(plan("/a").no_upstream);
  remove("upstreams", "u");
  EXPECT_EQ(plan("/a").no_upstream->status, 502);
}

TEST_F(ReferencesTest, TheUpstreamOfAServiceIsFollowedToo) {
  put("services", "s", R"({"upstream_id": "u"})");
  put("routes", "r", R"({"uri": "/a", "service_id": "s"})");
  EXPECT_EQ(plan("/a").no_upstream->status, 502);
  put("upstreams", "u", kUpstream);
  EXPECT_EQ(cluster_key("/a"), "upstreams/u");
}

TEST_F(ReferencesTest, AMissingServiceIs404AndAMissingPluginConfig503) {
  put("routes", "s", R"({"uri": "/s", "service_id": "s", "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  put("routes", "p", R"({"uri": "/p", "plugin_config_id": "p", "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  EXPECT_EQ(plan("/s").refusal->status, 404);
  EXPECT_EQ(plan("/p").refusal->status, 503);
  put("services", "s", R"({"name": "the service"})");
  put("plugin_configs", "p", R"({"plugins": {}})");
  EXPECT_FALSE(plan("/s").refusal);
  EXPECT_EQ(plan("/s").service_name, "the service");
  EXPECT_FALSE(plan("/p").refusal);
}

TEST_F(ReferencesTest, NoUpstreamAtAllIs503) {
  put("routes", "r", R"({"uri": "/a", "plugins": {"low": {}}})");
  EXPECT_EQ(plan("/a").no_upstream->status, 503);
}

TEST_F(ReferencesTest, HostsComeFromTheServiceWhereTheRouteHasNone) {
  put("services", "s", R"({"hosts": ["s.test"], "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  put("routes", "r", R"({"uri": "/a", "service_id": "s"})");
  put("routes", "own", R"({"uri": "/a", "host": "r.test", "service_id": "s"})");
  EXPECT_EQ(plan("/a", "s.test").route_id, "r");
  EXPECT_EQ(plan("/a", "r.test").route_id, "own");
  EXPECT_EQ(plan("/a", "x.test").route_id, "");
  put("services", "s", R"({"hosts": ["x.test"], "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  EXPECT_EQ(plan("/a", "s.test").route_id, "");
  EXPECT_EQ(plan("/a", "x.test").route_id, "r");
}

TEST_F(ReferencesTest, TimeoutsOfTheRouteWinOverThoseOfTheUpstream) {
  put("upstreams", "u", R"({"nodes": {"127.0.0.1:80": 1}, "timeout": {"connect": 1, "send": 2, "read": 3}})");
  put("routes", "1", R"({"uri": "/1", "upstream_id": "u"})");
  put("routes", "2", R"({"uri": "/2", "upstream_id": "u", "timeout": {"connect": 4, "send": 5, "read": 6}})");
  EXPECT_EQ(plan("/1").timeouts.read, Milliseconds(3000));
  EXPECT_EQ(plan("/2").timeouts.connect, Milliseconds(4000));
}

TEST_F(ReferencesTest, WebsocketsAreInheritedFromTheServiceUnlessTheRouteSaysOtherwise) {
  put("services", "s", R"({"enable_websocket": true, "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  put("routes", "1", R"({"uri": "/1", "service_id": "s"})");
  put("routes", "2", R"({"uri": "/2", "service_id": "s", "enable_websocket": false})");
  EXPECT_TRUE(plan("/1").enable_websocket);
  EXPECT_FALSE(plan("/2").enable_websocket);
}

TEST_F(ReferencesTest, AnUnchangedUpstreamKeepsItsCluster) {
  put("routes", "r", R"({"uri": "/a", "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  const auto serial = plan("/a").cluster->serial();
  put("routes", "r", R"({"uri": "/b", "upstream": {"nodes": {"127.0.0.1:82": 1}}})");
  EXPECT_EQ(plan("/b").cluster->serial(), serial);
}

TEST(ForbiddenUpstream, TheAdminApiIsRefusedWithItsAddress) {
  BuilderOptions options;
  options.forbidden = upstream::ForbiddenAddresses({*async::Address::from_ip("127.0.0.1", 9180)});
  BuilderFixture guarded(options);
  EXPECT_THAT(guarded.put("routes", "r", R"({"uri": "/a", "upstream": {"nodes": {"127.0.0.1:9180": 1}}})"),
              HasSubstr("127.0.0.1:9180 is the gateway's own Admin API"));
}

}  // namespace
}  // namespace sallyport::snapshot
