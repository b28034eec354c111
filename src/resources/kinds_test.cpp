#include "resources/kinds.h"

#include "json/parse.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using ::testing::HasSubstr;

// What `check` says against the resource; "ok" when nothing.
std::string verdict(Kind kind, std::string_view text, std::string_view prefix = "") {
  auto value = json::parse(text);
  if (!value) return value.error().what;
  Status status = check(kind, *value, prefix);
  return status ? "ok" : status.error().what;
}

// A route that is complete but for `members`.
std::string route(std::string_view members) {
  std::string text = R"({"uri":"/hello","upstream":{"nodes":{"127.0.0.1:1980":1}})";
  if (!members.empty()) text += ",";
  return verdict(Kind::kRoute, text + std::string(members) + "}");
}

std::string upstream(std::string_view members) {
  std::string text = R"({"nodes":{"127.0.0.1:1980":1})";
  if (!members.empty()) text += ",";
  return verdict(Kind::kUpstream, text + std::string(members) + "}");
}

TEST(Kinds, AreFoundByTheirFolder) {
  ASSERT_NE(find_kind("plugin_configs"), nullptr);
  EXPECT_EQ(find_kind("plugin_configs")->kind, Kind::kPluginConfig);
  EXPECT_EQ(find_kind("plugin_configs")->name, "plugin config");
  EXPECT_EQ(find_kind("nonsense"), nullptr);
  for (const KindInfo& kind : kinds()) EXPECT_EQ(&info(kind.kind), &kind);
}

TEST(Kinds, NamedOnesCannotBePosted) {
  EXPECT_TRUE(info(Kind::kRoute).allows(Method::kPost));
  EXPECT_FALSE(info(Kind::kGlobalRule).allows(Method::kPost));
  EXPECT_FALSE(info(Kind::kPluginConfig).allows(Method::kPost));
  EXPECT_TRUE(info(Kind::kGlobalRule).allows(Method::kPatch));
}

TEST(Kinds, SchemasAreJsonWithoutReferences) {
  for (const KindInfo& kind : kinds()) {
    EXPECT_TRUE(json::parse(schema_text(kind.kind)));
    EXPECT_THAT(std::string(schema_text(kind.kind)), ::testing::Not(HasSubstr("$ref")));
  }
  EXPECT_THAT(std::string(schema_text(Kind::kRoute)), HasSubstr(R"("priority":{"type":"integer","default":0})"));
}

TEST(RouteSchema, EveryFieldOfARouteIsAccepted) {
  EXPECT_EQ(verdict(Kind::kRoute, R"({
    "id": "r-1.a_b", "name": "n", "desc": "d", "labels": {"env": "prod"}, "create_time": 1, "update_time": 2,
    "uris": ["/a", "/b/*"], "priority": -5, "methods": ["GET", "PURGE"], "hosts": ["*.a.com", "*", "b.com:80", "[::1]"],
    "remote_addrs": ["127.0.0.1", "10.0.0.0/8", "::1", "fe80::/32"], "vars": [["arg_a", "==", "b"]],
    "filter_func": "function(vars) return true end", "status": 0, "plugins": {"request-id": {}},
    "plugin_config_id": 1, "service_id": "s", "upstream_id": 2, "enable_websocket": true,
    "timeout": {"connect": 1, "send": 0.5, "read": 2}, "upstream": {"nodes": []}})"),
            "ok");
  EXPECT_EQ(verdict(Kind::kRoute, R"({"uri": "/a", "script": "return {a = 1}", "script_id": "x"})"), "ok");
}

TEST(RouteSchema, UnknownFieldsAreRefused) {
  EXPECT_EQ(route(R"("xyz":1)"), "additional properties forbidden, found xyz");
}

TEST(RouteSchema, TypesAndSizesAreChecked) {
  EXPECT_EQ(verdict(Kind::kRoute, R"({"uri":5,"plugins":{}})"),
            "property \"uri\" validation failed: wrong type: expected string, got number");
  EXPECT_EQ(route(R"("methods":["GETS"])"),
            "property \"methods\" validation failed: failed to validate item 1: matches none of the enum values");
  EXPECT_EQ(
      route(R"("host":"a b")"),
      R"(property "host" validation failed: failed to match pattern "^\*$|^\*?[0-9a-zA-Z-._\[\]:]+$" with "a b")");
  EXPECT_EQ(route(R"("timeout":{"connect":1,"send":1})"),
            "property \"timeout\" validation failed: property \"read\" is required");
  EXPECT_EQ(route(R"("timeout":{"connect":0,"send":1,"read":1})"),
            "property \"timeout\" validation failed: property \"connect\" validation failed: "
            "expected 0 to be greater than 0");
  EXPECT_EQ(route(R"("labels":{"env":[]})"),
            "property \"labels\" validation failed: failed to validate env (matching \".*\"): "
            "wrong type: expected string, got table");
  EXPECT_EQ(route(R"("status":2)"), "property \"status\" validation failed: matches none of the enum values");
  EXPECT_THAT(route(R"("filter_func":"return true")"), HasSubstr("failed to match pattern \"^function\""));
}

TEST(RouteSchema, IdsAreShortTextsOrWholeNumbersFromOne) {
  EXPECT_EQ(route(R"("id":1)"), "ok");
  EXPECT_EQ(route(R"("id":"a.b_c-1")"), "ok");
  for (std::string_view id : {"0", "\"\"", "\"a b\"", "\"a/b\"", "true", "1.5"}) {
    EXPECT_THAT(route("\"id\":" + std::string(id)),
                HasSubstr("property \"id\" validation failed: object matches none of the required"))
        << id;
  }
  EXPECT_THAT(route("\"id\":\"" + std::string(65, 'a') + "\""), HasSubstr("string too long"));
}

TEST(RouteSchema, AUriInOneOfTwoFormsIsRequired) {
  EXPECT_THAT(verdict(Kind::kRoute, R"({"plugins":{}})"),
              HasSubstr(R"(value should match only one schema, but matches none: ["uri"] or ["uris"])"));
  EXPECT_THAT(route(R"("uris":["/a"])"), HasSubstr("but matches both schemas 1 and 2"));
}

TEST(RouteSchema, ARouteMustLeadSomewhere) {
  EXPECT_THAT(verdict(Kind::kRoute, R"({"uri":"/a"})"),
              HasSubstr(R"(object matches none of the required: ["plugins","uri"] or ["upstream","uri"])"));
  EXPECT_EQ(verdict(Kind::kRoute, R"({"uri":"/a","service_id":"1"})"), "ok");
  EXPECT_THAT(verdict(Kind::kRoute, R"({"uri":"/a","script":"return {a=1}","plugins":{}})"),
              HasSubstr("value wasn't supposed to match schema"));
}

TEST(RouteRules, OfTwoFormsOnlyOneIsAllowed) {
  EXPECT_EQ(route(R"("host":"a.com","hosts":["b.com"])"), "only one of host or hosts is allowed");
  EXPECT_EQ(route(R"("remote_addr":"::1","remote_addrs":["::1"])"),
            "only one of remote_addr or remote_addrs is allowed");
}

TEST(RouteRules, ClientAddressesAreAddressesOrNetworks) {
  for (std::string_view good : {"127.0.0.1/32", "127.0.0.1/0", "255.255.255.255/9", "::/0", "2001:db8::1"}) {
    EXPECT_EQ(route("\"remote_addr\":\"" + std::string(good) + "\""), "ok");
  }
  for (std::string_view bad : {"127.0.0.1/33", "127.0.0.256", "127.0.0/8", "a.com", "127.0.0.1./8", ""}) {
    EXPECT_THAT(route("\"remote_addr\":\"" + std::string(bad) + "\""),
                HasSubstr("property \"remote_addr\" validation failed: object matches none of the required"))
        << bad;
  }
}

TEST(RouteRules, ConfsOfPluginsAreObjects) {
  EXPECT_EQ(route(R"("plugins":{"request-id":1})"), "invalid plugin conf 1 for plugin [request-id]");
  EXPECT_EQ(route(R"("plugins":[])"), "property \"plugins\" validation failed: wrong type: expected object, got table");
}

TEST(RouteRules, TheInnerUpstreamIsChecked) {
  EXPECT_EQ(verdict(Kind::kRoute, R"({"uri":"/a","upstream":{"type":"chash","nodes":{}}})"), "missing key");
  EXPECT_EQ(verdict(Kind::kService, R"({"upstream":{"pass_host":"rewrite","nodes":{}}})"),
            "`upstream_host` can't be empty when `pass_host` is `rewrite`");
  EXPECT_THAT(verdict(Kind::kRoute, R"({"uri":"/a","upstream":{"nodes":{"a:1":-1}}})"),
              HasSubstr("property \"upstream\" validation failed: property \"nodes\" validation failed: "
                        "object matches none of the required"));
}

TEST(UpstreamSchema, EveryFieldOfAnUpstreamIsAccepted) {
  EXPECT_EQ(upstream(R"("id": 1, "name": "n", "desc": "d", "labels": {"a": "b"}, "create_time": 1, "update_time": 1,
    "type": "chash", "hash_on": "header", "key": "X-Id", "scheme": "grpcs", "pass_host": "rewrite",
    "upstream_host": "a.com", "retries": 0, "retry_timeout": 1.5, "timeout": {"connect": 1, "send": 1, "read": 1},
    "keepalive_pool": {"size": 1, "idle_timeout": 0, "requests": 5},
    "tls": {"verify": true, "client_cert_id": "c"}, "discovery_args": {"group_name": "g"},
    "checks": {"active": {"type": "tcp", "http_path": "/s", "req_headers": ["A: b"], "healthy": {"interval": 2},
               "unhealthy": {"http_statuses": [500]}}, "passive": {"unhealthy": {"http_failures": 0}}})"),
            "ok");
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"service_name":"s","discovery_type":"dns"})"), "ok");
}

TEST(UpstreamSchema, NodesComeAsAMapOrAList) {
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"nodes":{}})"), "ok");
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"nodes":[{"host":"a.com","weight":1,"metadata":{}}]})"), "ok");
  EXPECT_THAT(verdict(Kind::kUpstream, R"({"nodes":[{"host":"a.com"}]})"),
              HasSubstr("failed to validate item 1: property \"weight\" is required"));
  EXPECT_THAT(verdict(Kind::kUpstream, R"({"nodes":[{"host":"a.com","weight":1,"port":0}]})"),
              HasSubstr("expected 0 to be at least 1"));
  EXPECT_EQ(verdict(Kind::kUpstream, "{}"),
            R"(value should match only one schema, but matches none: ["nodes"] or ["service_name","discovery_type"])");
}

TEST(UpstreamSchema, ErrorsSpeakOfTheFormThatIsWritten) {
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"nodes":[{"host":"a","weight":-1}]})"),
            "property \"nodes\" validation failed: object matches none of the required: "
            "failed to validate item 1: property \"weight\" validation failed: expected -1 to be at least 0");
}

TEST(UpstreamSchema, ValuesAreChecked) {
  EXPECT_EQ(upstream(R"("retries":-1)"), "property \"retries\" validation failed: expected -1 to be at least 0");
  EXPECT_EQ(upstream(R"("hash_on":"x")"), "property \"hash_on\" validation failed: matches none of the enum values");
  EXPECT_EQ(upstream(R"("checks":{})"),
            "property \"checks\" validation failed: object matches none of the required: "
            R"(["active"] or ["passive"])");
  EXPECT_EQ(upstream(R"("checks":{"passive":{}})"), "ok");
  EXPECT_EQ(upstream(R"("checks":{"active":{"http_path":"health"}})"),
            "checks.active.http_path: \"health\" does not begin with \"/\"");
  EXPECT_EQ(upstream(R"("checks":{"active":{"req_headers":["A b"]}})"),
            "checks.active.req_headers: \"A b\" is no field; write \"Name: value\"");
  EXPECT_THAT(
      upstream(R"("tls":{"client_cert":")" + std::string(128, 'c') + "\"}"),
      HasSubstr("failed to validate dependent schema for \"client_cert\": property \"client_key\" is required"));
  EXPECT_THAT(upstream(R"("checks":{"active":{"healthy":{"http_statuses":[200,600]}}})"),
              HasSubstr("failed to validate item 2: expected 600 to be at most 599"));
}

TEST(UpstreamRules, AddressesOfNodesMakeSense) {
  EXPECT_THAT(verdict(Kind::kUpstream, R"({"nodes":{"127.0.0.1:65536":1}})"), HasSubstr("invalid port 65536"));
  EXPECT_THAT(verdict(Kind::kUpstream, R"({"nodes":{"127.0.0.1:0":1}})"), HasSubstr("invalid port 0"));
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"nodes":[{"host":"::1","port":80,"weight":1}]})"),
            "IPv6 address must be enclosed with '[' and ']'");
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"nodes":[{"host":"[::1]","port":80,"weight":1}]})"), "ok");
}

TEST(UpstreamRules, AHashNeedsAKeyThatFitsWhatItIsTakenFrom) {
  EXPECT_EQ(upstream(R"("type":"chash")"), "missing key");
  EXPECT_EQ(upstream(R"("type":"chash","key":"remote_addr")"), "ok");
  EXPECT_EQ(upstream(R"("type":"chash","key":"arg_device-id")"), "ok");
  EXPECT_THAT(upstream(R"("type":"chash","key":"not_support")"), HasSubstr("with \"not_support\""));
  EXPECT_EQ(upstream(R"("type":"chash","hash_on":"header","key":"$#^@")"),
            R"(failed to match pattern "^[a-zA-Z0-9-_]+$" with "$#^@")");
  EXPECT_EQ(upstream(R"("type":"chash","hash_on":"consumer")"), "ok");
  EXPECT_EQ(upstream(R"("type":"chash","hash_on":"vars_combinations","key":"$uri$arg_a")"), "ok");
}

TEST(OtherSchemas, NamedResourcesNeedIdAndPlugins) {
  for (Kind kind : {Kind::kPluginConfig, Kind::kGlobalRule}) {
    EXPECT_EQ(verdict(kind, R"({"id":"1"})"), "property \"plugins\" is required");
    EXPECT_EQ(verdict(kind, R"({"plugins":{}})"), "property \"id\" is required");
    EXPECT_EQ(verdict(kind, R"({"id":"1","plugins":{"prometheus":{}},"create_time":1,"update_time":1})"), "ok");
  }
  EXPECT_EQ(verdict(Kind::kGlobalRule, R"({"id":"1","plugins":{},"name":"n"})"),
            "additional properties forbidden, found name");
}

TEST(OtherSchemas, AServiceMayBeEmpty) {
  EXPECT_EQ(verdict(Kind::kService, "{}"), "ok");
  EXPECT_EQ(verdict(Kind::kService, R"({"hosts":[]})"),
            "property \"hosts\" validation failed: expect array to have at least 1 items");
}

TEST(Check, ThePrefixStandsBeforeTheWordsOfSchemasOnly) {
  EXPECT_EQ(verdict(Kind::kService, "5", "invalid configuration: "),
            "invalid configuration: wrong type: expected object, got number");
  EXPECT_EQ(verdict(Kind::kUpstream, R"({"nodes":{},"type":"chash"})", "invalid configuration: "), "missing key");
  EXPECT_THAT(verdict(Kind::kUpstream, R"({"nodes":{},"type":"chash","key":"x"})", "invalid configuration: "),
              ::testing::StartsWith("invalid configuration: failed to match pattern"));
}

}  // namespace
}  // namespace sallyport::resources
