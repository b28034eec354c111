#include "resources/route.h"

#include "json/parse.h"
#include "resources/global_rule.h"
#include "resources/kinds.h"
#include "resources/plugin_config.h"
#include "resources/service.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A value as it is when the constructors see it: checked, defaults filled.
json::Value admitted(Kind kind, std::string_view text) {
  json::Value value = json::parse(text).value();
  Status status = check(kind, value);
  EXPECT_TRUE(status) << status.error().what;
  schema(kind).fill_defaults(value);
  return value;
}

Route route(std::string_view text) { return route_from(admitted(Kind::kRoute, text)).value(); }

TEST(Route, OneOrManyUrisHostsAndAddressesLookTheSame) {
  Route one = route(R"({"uri":"/A","host":"A.com","remote_addr":"::1","plugins":{}})");
  EXPECT_THAT(one.uris, ElementsAre("/A"));
  EXPECT_THAT(one.hosts, ElementsAre("a.com"));
  EXPECT_THAT(one.remote_addrs, ElementsAre("::1"));
  Route many = route(R"({"uris":["/a","/b"],"hosts":["a.com","*.B.com"],"remote_addrs":["::1","10.0.0.0/8"],
                         "plugins":{}})");
  EXPECT_THAT(many.uris, ElementsAre("/a", "/b"));
  EXPECT_THAT(many.hosts, ElementsAre("a.com", "*.b.com"));
  EXPECT_THAT(many.remote_addrs, ElementsAre("::1", "10.0.0.0/8"));
}

TEST(Route, WhatIsAbsentHasItsDefault) {
  Route r = route(R"({"uri":"/a","plugins":{}})");
  EXPECT_EQ(r.priority, 0);
  EXPECT_TRUE(r.enabled);
  EXPECT_TRUE(r.vars.is_null());
  EXPECT_THAT(r.methods, IsEmpty());
  EXPECT_THAT(r.hosts, IsEmpty());
  EXPECT_FALSE(r.upstream);
  EXPECT_FALSE(r.timeout);
  EXPECT_FALSE(r.enable_websocket);
}

TEST(Route, WhatIsWrittenArrives) {
  Route r = route(R"({"id":7,"name":"n","uri":"/a","priority":-3,"status":0,"methods":["GET","HEAD"],
    "vars":[["arg_a","==","b"]],"plugin_config_id":1,"service_id":"s","upstream_id":"00000000000000000126",
    "timeout":{"connect":0.5,"send":6,"read":0.0001},"enable_websocket":false,
    "plugins":{"z":{"a":1},"b":{}},"upstream":{"nodes":{"a.com":2}}})");
  EXPECT_EQ(r.id, "7");
  EXPECT_EQ(r.priority, -3);
  EXPECT_FALSE(r.enabled);
  EXPECT_THAT(r.methods, ElementsAre("GET", "HEAD"));
  EXPECT_EQ(json::print(r.vars), R"([["arg_a","==","b"]])");
  EXPECT_EQ(r.plugin_config_id, "1");
  EXPECT_EQ(r.service_id, "s");
  EXPECT_EQ(r.upstream_id, "00000000000000000126");
  EXPECT_EQ(r.timeout, (Timeouts{500ms, 6000ms, 1ms}));
  EXPECT_EQ(r.enable_websocket, false);
  ASSERT_TRUE(r.upstream);
  EXPECT_EQ(r.upstream->nodes.at(0).host, "a.com");
}

TEST(Route, PluginsKeepTheirWrittenOrder) {
  Route r = route(R"({"uri":"/a","plugins":{"z":{"a":1},"b":{}}})");
  ASSERT_EQ(r.plugins.size(), 2u);
  EXPECT_EQ(r.plugins[0].name, "z");
  EXPECT_EQ(r.plugins[1].name, "b");
  EXPECT_EQ(json::print(*find_conf(r.plugins, "z")), R"({"a":1})");
  EXPECT_EQ(find_conf(r.plugins, "x"), nullptr);
}

TEST(Service, HasHostsPluginsAndAnUpstream) {
  Service s = service_from(admitted(Kind::kService, R"({"id":"s","hosts":["A.com"],"upstream_id":2,
    "plugins":{"p":{}},"upstream":{"nodes":[]},"enable_websocket":true})"))
                  .value();
  EXPECT_EQ(s.id, "s");
  EXPECT_THAT(s.hosts, ElementsAre("a.com"));
  EXPECT_EQ(s.upstream_id, "2");
  EXPECT_EQ(s.plugins.size(), 1u);
  EXPECT_TRUE(s.upstream);
  EXPECT_EQ(s.enable_websocket, true);
}

TEST(PluginConfig, IsAnIdWithPlugins) {
  PluginConfig config = plugin_config_from(admitted(Kind::kPluginConfig, R"({"id":3,"plugins":{"p":{}}})")).value();
  EXPECT_EQ(config.id, "3");
  EXPECT_EQ(config.plugins.size(), 1u);
}

TEST(GlobalRule, APluginIsInOneRuleOnly) {
  auto rule = [](std::string_view text) { return admitted(Kind::kGlobalRule, text); };
  json::Value first = rule(R"({"id":"1","plugins":{"a":{},"b":{}}})");
  EXPECT_EQ(global_rule_from(first).value().plugins.size(), 2u);
  EXPECT_TRUE(check_against(rule(R"({"id":"2","plugins":{"c":{}}})"), first));
  EXPECT_TRUE(check_against(rule(R"({"id":1,"plugins":{"b":{}}})"), first));
  Status clash = check_against(rule(R"({"id":"2","plugins":{"b":{}}})"), first);
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().what, "plugin 'b' already exists in global rule with id '1'");
}

}  // namespace
}  // namespace sallyport::resources
