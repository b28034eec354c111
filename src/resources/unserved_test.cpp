#include "resources/unserved.h"

#include "json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::resources {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> unserved(Kind kind, std::string_view text) {
  json::Value value = *json::parse(text);
  Status accepted = check(kind, value);
  EXPECT_TRUE(accepted) << accepted.error().what;
  return unserved_members(kind, value);
}

TEST(UnservedMembers, NoneAreAmongThoseThatTheGatewayActsOn) {
  EXPECT_THAT(unserved(Kind::kRoute, R"({
    "name": "n", "desc": "d", "labels": {"env": "prod"}, "uris": ["/a"], "priority": 1, "methods": ["GET"],
    "hosts": ["a.com"], "remote_addrs": ["127.0.0.1"], "vars": [["arg_a", "==", "b"]], "status": 0,
    "plugins": {"request-id": {}}, "plugin_config_id": 1, "service_id": "s", "upstream_id": 2,
    "timeout": {"connect": 1, "send": 0.5, "read": 2},
    "upstream": {"nodes": {"127.0.0.1:1980": 1}, "type": "chash", "key": "remote_addr", "retries": 1,
                 "retry_timeout": 1, "timeout": {"connect": 1, "send": 0.5, "read": 2}, "pass_host": "rewrite",
                 "upstream_host": "a.com", "keepalive_pool": {"size": 1, "idle_timeout": 1, "requests": 1}}})"),
              IsEmpty());
  EXPECT_THAT(unserved(Kind::kGlobalRule, R"({"id": 1, "plugins": {"prometheus": {}}})"), IsEmpty());
}

TEST(UnservedMembers, OfAnUpstreamAreNamedWhereverItIsWritten) {
  EXPECT_THAT(unserved(Kind::kUpstream, R"({"nodes": {}, "checks": {"active": {}}, "tls": {"verify": true}})"),
              ElementsAre(StartsWith("tls has no effect: ")));
  EXPECT_THAT(unserved(Kind::kRoute, R"({"uri": "/a", "upstream": {"nodes": {}, "discovery_args": {}}})"),
              ElementsAre(StartsWith("upstream.discovery_args has no effect yet: ")));
  EXPECT_THAT(unserved(Kind::kService, R"({"upstream": {"service_name": "s", "discovery_type": "dns",
                                          "discovery_args": {"group_name": "g"}}})"),
              ElementsAre(StartsWith("upstream.service_name "), StartsWith("upstream.discovery_args ")));
  EXPECT_THAT(unserved(Kind::kUpstream, R"({"nodes": {}, "type": "chash", "hash_on": "consumer"})"),
              ElementsAre(StartsWith("hash_on has no effect yet: ")));
}

TEST(UnservedMembers, ASlowStartNeedsWeightsThatChange) {
  EXPECT_THAT(unserved(Kind::kUpstream, R"({"nodes": {}, "slow_start": 5})"), IsEmpty());
  EXPECT_THAT(unserved(Kind::kUpstream, R"({"nodes": {}, "slow_start": 5, "type": "ewma"})"),
              ElementsAre(StartsWith("slow_start has no effect with the type ewma")));
}

TEST(UnservedMembers, OfARouteOrServiceAreNamedUnlessTheySayNo) {
  EXPECT_THAT(unserved(Kind::kService, R"({"enable_websocket": true})"), IsEmpty());
  EXPECT_THAT(unserved(Kind::kRoute, R"({"uri": "/a", "service_id": 1, "script_id": "1"})"),
              ElementsAre(StartsWith("script_id ")));
}

}  // namespace
}  // namespace sallyport::resources
