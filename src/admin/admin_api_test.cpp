#include "admin/admin_api.h"

#include "admin/admin_fixture.h"
#include "admin/ends.h"
#include "resources/references.h"
#include "store/yaml_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace sallyport::admin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

const std::string kRoute = R"({"uri":"/hello","upstream":{"type":"roundrobin","nodes":{"127.0.0.1:1980":1}}})";
constexpr std::int64_t kNow = 50LL * 365 * 24 * 3600;  // where a FakeClock starts

// A real store whose next write fails as told.
class BrokenStore final : public store::Store {
 public:
  explicit BrokenStore(const std::string& path) : store_(std::move(*store::EmbeddedStore::open(path))) {}
  std::optional<Error> breaks;

  std::string describe() const override { return store_->describe(); }
  Status writable() const override { return {}; }
  Task<Result<store::EntryPtr>> get(store::Key key) override { return store_->get(std::move(key)); }
  Task<Result<std::vector<store::EntryPtr>>> list(std::string kind) override { return store_->list(std::move(kind)); }
  Task<Result<std::vector<store::EntryPtr>>> list_all() override { return store_->list_all(); }
  Task<Result<store::EntryPtr>> put(store::Key key, json::Value value, store::Expected expected) override {
    if (breaks) return Result<store::EntryPtr>(fail(*breaks));
    return store_->put(std::move(key), std::move(value), expected);
  }
  Task<Result<store::EntryPtr>> put_until(store::Key key, json::Value value, store::Expected expected,
                                          WallTime end) override {
    if (breaks) return Result<store::EntryPtr>(fail(*breaks));
    return store_->put_until(std::move(key), std::move(value), expected, end);
  }
  std::vector<store::Key> over(WallTime now) const override { return store_->over(now); }
  Task<Result<bool>> remove(store::Key key, store::Expected expected) override {
    if (breaks) return Result<bool>(fail(*breaks));
    return store_->remove(std::move(key), expected);
  }
  Task<Result<std::uint64_t>> next_revision() override { return store_->next_revision(); }
  void hand_over() override { store_->hand_over(); }
  Status take_back() override { return store_->take_back(); }
  void on_change(OnChange) override {}

 private:
  std::unique_ptr<store::Store> store_;
};

TEST(AdminApi, TheHeadersOfEveryAnswer) {
  AdminFixture f;
  for (const http::Response& response : {f.send("GET", "/routes"), f.send("GET", "/nonsense"),
                                         f.send("OPTIONS", "/routes"), f.api->too_large(kMaxBodyBytes)}) {
    EXPECT_THAT(response.headers, Contains(Pair("Server", "APISIX/3.18.0")));
    EXPECT_THAT(response.headers, Contains(Pair("Content-Type", "application/json")));
    EXPECT_THAT(response.headers, Contains(Pair("X-API-VERSION", "v3")));
    EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Allow-Origin", "*")));
    EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Allow-Credentials", "true")));
    EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Expose-Headers", "*")));
    EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Max-Age", "3600")));
  }
}

TEST(AdminApi, CorsCanBeTurnedOff) {
  AdminFixture f;
  ApiSettings settings;
  settings.cors = false;
  settings.server_header = "APISIX";
  f.api->change_settings(settings);
  http::Response response = f.send("OPTIONS", "/routes");
  EXPECT_THAT(response.headers, Contains(Pair("Server", "APISIX")));
  for (const auto& [name, value] : response.headers) EXPECT_THAT(name, Not(StartsWith("Access-Control")));
}

TEST(AdminApi, PreflightAndPingNeedNoKey) {
  AdminFixture f;
  AdminRequest preflight = f.request("OPTIONS", "/routes/1");
  preflight.key_header = "";
  http::Response response = f.send(preflight);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_THAT(response.headers,
              Contains(Pair("Access-Control-Allow-Methods", "POST, GET, PUT, OPTIONS, DELETE, PATCH")));
  EXPECT_THAT(response.headers, Contains(Pair("Access-Control-Allow-Headers", "*")));
  AdminRequest ping = f.request("HEAD", "");
  ping.key_header = "";
  EXPECT_EQ(f.send(ping).status, 200);
}

TEST(AdminApi, WithoutAKeyNothingElseAnswers) {
  AdminFixture f;
  for (const char* target : {"/routes", "/nonsense", "/plugins/list", "/schema/route", "/plugins/reload"}) {
    AdminRequest request = f.request("GET", target);
    request.key_header = "";
    EXPECT_EQ(f.send(request).body, "{\"error_msg\":\"failed to check token\",\"description\":\"missing apikey\"}\n");
  }
}

TEST(AdminApi, AddressesAreLookedAtFirst) {
  AdminFixture f;
  ApiSettings settings;
  ASSERT_TRUE(settings.access.allow_from.add("10.0.0.0/8"));
  f.api->change_settings(std::move(settings));
  EXPECT_EQ(f.send("HEAD", "").status, 403);
  EXPECT_EQ(f.send("OPTIONS", "/routes").status, 403);
}

TEST(AdminApi, WhatIsNotThereSaysSo) {
  AdminFixture f;
  EXPECT_EQ(f.ask("GET", "/nonsense"), R"(404 {"error_msg":"Unsupported resource type: nonsense"})");
  EXPECT_EQ(f.ask("PURGE", "/routes/1"), R"(404 {"error_msg":"not found"})");
  EXPECT_EQ(f.ask("HEAD", "/routes/1"), R"(404 {"error_msg":"not found"})");
  EXPECT_EQ(f.ask("POST", "/global_rules", "{}"), R"(405 {"error_msg":"not supported `POST` method for global rule"})");
  AdminRequest elsewhere = f.request("GET", "");
  elsewhere.path = "/ui";
  EXPECT_EQ(f.send(elsewhere).status, 404);
}

TEST(AdminApi, BodiesAreLimitedAndMustBeJson) {
  AdminFixture f;
  EXPECT_EQ(f.send("PUT", "/routes/1", std::string(kMaxBodyBytes + 1, ' ')).status, 413);
  http::Response response = f.send("PUT", "/routes/1", "{\"uri\":}");
  auto body = json::parse(response.body);
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(body->string_or("error_msg", ""), StartsWith("invalid request body: line 1"));
  EXPECT_EQ(body->string_or("req_body", ""), "{\"uri\":}");
}

TEST(AdminApi, ALifeOfARoute) {
  AdminFixture f;
  EXPECT_EQ(f.ask("GET", "/routes"), R"(200 {"total":0,"list":[]})");
  std::string members = R"("uri":"/hello","upstream":{"type":"roundrobin","nodes":{"127.0.0.1:1980":1}},"id":"1")";
  std::string created = fmt::format(R"(,"create_time":{})", kNow);
  std::string value = "{" + members + created + fmt::format(R"(,"update_time":{}}})", kNow);
  EXPECT_EQ(f.ask("PUT", "/routes/1", kRoute), R"(201 {"key":"/apisix/routes/1","value":)" + value + "}");
  EXPECT_EQ(f.ask("GET", "/routes/1"),
            R"(200 {"key":"/apisix/routes/1","value":)" + value + R"(,"createdIndex":1,"modifiedIndex":1})");

  f.clock.advance(std::chrono::seconds(5));
  value = "{" + members + created + fmt::format(R"(,"update_time":{}}})", kNow + 5);
  EXPECT_EQ(f.ask("PUT", "/routes/1", kRoute), R"(200 {"key":"/apisix/routes/1","value":)" + value + "}");
  EXPECT_EQ(f.ask("GET", "/routes"), R"(200 {"total":1,"list":[{"key":"/apisix/routes/1","value":)" + value +
                                         R"(,"createdIndex":1,"modifiedIndex":2}]})");

  EXPECT_EQ(f.ask("DELETE", "/routes/1"), R"(200 {"deleted":"1","key":"/apisix/routes/1"})");
  for (const char* method : {"GET", "DELETE"}) {
    EXPECT_EQ(f.ask(method, "/routes/1"), R"(404 {"message":"Key not found"})") << method;
  }
  EXPECT_EQ(f.ask("PATCH", "/routes/1", "{}"), R"(404 {"message":"Key not found"})");
  EXPECT_EQ(f.published, 3);
  EXPECT_EQ(f.builder->latest()->revision(), 3u);
}

TEST(AdminApi, PostGeneratesIdsOfTwentyDigits) {
  AdminFixture f;
  auto first = json::parse(f.send("POST", "/routes", kRoute).body);
  auto second = json::parse(f.send("POST", "/routes", kRoute).body);
  std::string id = first->find("value")->string_or("id", "");
  EXPECT_EQ(id.size(), 20u);
  EXPECT_EQ(id.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_EQ(first->string_or("key", ""), "/apisix/routes/" + id);
  EXPECT_NE(second->find("value")->string_or("id", ""), id);
  EXPECT_EQ(f.send("GET", "/routes/" + id).status, 200);
}

TEST(AdminApi, IdsMustAgree) {
  AdminFixture f;
  EXPECT_THAT(f.ask("PUT", "/routes", R"({"id":"a","uri":"/","plugins":{}})"), StartsWith("201 "));
  EXPECT_THAT(f.ask("PUT", "/routes", R"({"id":7,"uri":"/","plugins":{}})"),
              StartsWith(R"(201 {"key":"/apisix/routes/7","value":{"id":7,)"));
  EXPECT_EQ(f.ask("PUT", "/routes/b", R"({"id":"a","uri":"/"})"), R"(400 {"error_msg":"wrong route id"})");
  EXPECT_EQ(f.ask("PUT", "/routes", kRoute), R"(400 {"error_msg":"missing route id"})");
  EXPECT_EQ(f.ask("POST", "/routes/1", kRoute), R"(400 {"error_msg":"wrong route id, do not need it"})");
  EXPECT_EQ(f.ask("POST", "/routes", R"({"id":1})"), R"(400 {"error_msg":"wrong route id, do not need it"})");
  EXPECT_EQ(f.ask("PATCH", "/routes", "{}"), R"(400 {"error_msg":"missing route id"})");
  EXPECT_EQ(f.ask("DELETE", "/routes"), R"(400 {"error_msg":"missing route id"})");
  EXPECT_EQ(f.ask("PATCH", "/routes/a", R"({"id":"b"})"), R"(400 {"error_msg":"wrong route id"})");
  EXPECT_THAT(f.ask("PUT", "/routes/a b", kRoute),
              StartsWith(R"(400 {"error_msg":"invalid configuration: property \"id\")"));
}

TEST(AdminApi, BodiesThatAreMissingOrNoObjectsAreRefused) {
  AdminFixture f;
  EXPECT_EQ(f.ask("PUT", "/routes/1"), R"(400 {"error_msg":"missing configurations"})");
  EXPECT_EQ(f.ask("POST", "/routes"), R"(400 {"error_msg":"missing configurations"})");
  for (const char* body : {"[]", "5", "null", "\"x\""}) {
    EXPECT_THAT(f.ask("PUT", "/routes/1", body), StartsWith(R"(400 {"error_msg":"invalid configuration: )"));
    EXPECT_THAT(f.ask("POST", "/routes", body), StartsWith(R"(400 {"error_msg":"invalid configuration: )"));
  }
  f.send("PUT", "/routes/1", kRoute);
  EXPECT_EQ(f.ask("PATCH", "/routes/1"), R"(400 {"error_msg":"missing new configuration"})");
  EXPECT_EQ(f.ask("PATCH", "/routes/1", "[]"), R"(400 {"error_msg":"invalid configuration"})");
}

TEST(AdminApi, WhatTheSchemaRefusesIsNotStored) {
  AdminFixture f;
  EXPECT_THAT(f.ask("PUT", "/routes/1", R"({"uri":5,"plugins":{}})"),
              StartsWith(R"(400 {"error_msg":"invalid configuration: property \"uri\" validation failed)"));
  EXPECT_EQ(f.ask("PUT", "/routes/1", R"({"uri":"/","plugins":{},"create_time":1})"),
            R"(400 {"error_msg":"the property is forbidden:  create_time"})");
  EXPECT_EQ(f.ask("GET", "/routes"), R"(200 {"total":0,"list":[]})");
  EXPECT_EQ(f.published, 0);
}

TEST(AdminApi, PluginsAreChecked) {
  AdminFixture f;
  EXPECT_EQ(f.ask("PUT", "/routes/1", R"({"uri":"/","plugins":{"nobody":{}}})"),
            R"(400 {"error_msg":"unknown plugin [nobody]"})");
  EXPECT_THAT(f.ask("PUT", "/routes/1", R"({"uri":"/","plugins":{"canary":{}}})"),
              StartsWith(R"(400 {"error_msg":"failed to check the configuration of plugin canary err: )"));
  EXPECT_THAT(f.ask("PUT", "/global_rules/1", R"({"plugins":{"canary":{"text":5}}})"),
              StartsWith(R"(400 {"error_msg":"failed to check the configuration of plugin canary err: )"));
}

TEST(AdminApi, WhatAPluginRefusesWhenItIsConfiguredIsNotStored) {
  AdminFixture f;
  EXPECT_THAT(f.ask("PUT", "/routes/1", R"({"uri":"/","plugins":{"canary":{"text":"refused"}}})"),
              AllOf(StartsWith("400 "), HasSubstr("the canary refuses")));
  EXPECT_EQ(f.ask("GET", "/routes"), R"(200 {"total":0,"list":[]})");
  EXPECT_EQ(f.builder->latest()->routes(), 0u);
}

TEST(AdminApi, PatchMergesAndSetsParts) {
  AdminFixture f;
  f.send("PUT", "/routes/1", kRoute);
  f.clock.advance(std::chrono::seconds(3));
  auto patched = json::parse(f.send("PATCH", "/routes/1", R"({"priority":5,"upstream":{"nodes":{"h:1":2}}})").body);
  const json::Value& value = *patched->find("value");
  EXPECT_EQ(value.integer_or("priority", 0), 5);
  EXPECT_EQ(value.integer_or("create_time", 0), kNow);
  EXPECT_EQ(value.integer_or("update_time", 0), kNow + 3);
  EXPECT_EQ(json::print(*value.find("upstream")->find("nodes")), R"({"127.0.0.1:1980":1,"h:1":2})");

  EXPECT_THAT(f.ask("PATCH", "/routes/1/upstream/nodes", R"({"h:1":1})"), HasSubstr(R"("nodes":{"h:1":1})"));
  EXPECT_THAT(f.ask("PATCH", "/routes/1/methods", R"(["GET"])"), HasSubstr(R"("methods":["GET"])"));
  EXPECT_THAT(f.ask("PATCH", "/routes/1", R"({"methods":null})"), Not(HasSubstr("methods")));
  EXPECT_EQ(f.ask("PATCH", "/routes/1/uri/x", "1"), R"(400 {"error_msg":"invalid sub-path: /uri"})");
  EXPECT_THAT(f.ask("PATCH", "/routes/1", R"({"uri":7})"), StartsWith(R"(400 {"error_msg":"invalid configuration: )"));
  EXPECT_THAT(f.ask("PATCH", "/routes/1", R"({"update_time":77})"), HasSubstr(R"("update_time":77)"));
}

TEST(AdminApi, ReferencesMustExist) {
  AdminFixture f;
  EXPECT_EQ(f.ask("PUT", "/routes/1", R"({"uri":"/","upstream_id":"u"})"),
            R"(400 {"error_msg":"failed to fetch upstream info by upstream id [u], response code: 404"})");
  EXPECT_THAT(f.ask("PUT", "/routes/1", R"({"uri":"/","service_id":9})"), HasSubstr("by service id [9]"));
  EXPECT_EQ(f.send("PUT", "/upstreams/u", R"({"nodes":{"127.0.0.1:80":1}})").status, 201);
  EXPECT_EQ(f.send("PUT", "/routes/1", R"({"uri":"/","upstream_id":"u"})").status, 201);
  EXPECT_THAT(f.ask("PATCH", "/routes/1", R"({"plugin_config_id":"p"})"), StartsWith("400 "));
}

TEST(AdminApi, WhatIsInUseIsNotDeletedUnlessForced) {
  AdminFixture f;
  f.send("PUT", "/upstreams/u", R"({"nodes":{"127.0.0.1:80":1}})");
  f.send("PUT", "/services/s", R"({"upstream_id":"u"})");
  f.send("PUT", "/routes/1", R"({"uri":"/","service_id":"s"})");
  EXPECT_EQ(f.ask("DELETE", "/upstreams/u"),
            R"(400 {"error_msg":"can not delete this upstream, service [s] is still using it now"})");
  EXPECT_EQ(f.ask("DELETE", "/services/s"),
            R"(400 {"error_msg":"can not delete this service directly, route [1] is still using it now"})");
  EXPECT_EQ(f.ask("DELETE", "/services/s?force=true"), R"(200 {"deleted":"1","key":"/apisix/services/s"})");
  EXPECT_EQ(f.send("DELETE", "/upstreams/u").status, 200);
}

TEST(AdminApi, APluginIsInOneGlobalRuleOnly) {
  AdminFixture f;
  EXPECT_EQ(f.send("PUT", "/global_rules/1", R"({"plugins":{"canary":{"text":"a"}}})").status, 201);
  EXPECT_EQ(f.send("PUT", "/global_rules/1", R"({"plugins":{"canary":{"text":"b"}}})").status, 200);
  EXPECT_EQ(f.ask("PUT", "/global_rules/2", R"({"plugins":{"canary":{"text":"c"}}})"),
            R"(400 {"error_msg":"plugin 'canary' already exists in global rule with id '1'"})");
}

TEST(AdminApi, ATtlThatIsNoneIsRefused) {
  AdminFixture f;
  EXPECT_EQ(f.ask("PUT", "/routes/1?ttl=x", kRoute), R"(400 {"error_msg":"invalid argument ttl: should be a number"})");
  for (const char* ttl : {"0", "7000000001"}) {
    EXPECT_EQ(f.ask("PUT", std::string("/routes/1?ttl=") + ttl, kRoute),
              R"(400 {"error_msg":"invalid argument ttl: should be 1 to 7000000000 seconds"})");
  }
}

TEST(AdminApi, AResourceIsRemovedWhenItsTtlIsOver) {
  AdminFixture f;
  auto left = [&f](int seconds) {
    f.clock.advance(std::chrono::seconds(seconds));
    async::TaskGroup group;
    group.spawn(remove_what_is_over(f.services));
    EXPECT_TRUE(group.empty());
    std::string ids;
    const json::Value answer = *json::parse(f.send("GET", "/routes").body);
    for (const json::Value& entry : answer.find("list")->array()) ids += resources::id_text(*entry.find("value")) + " ";
    return ids;
  };
  EXPECT_EQ(f.send("PUT", "/routes/1?ttl=5", kRoute).status, 201);
  EXPECT_EQ(f.send("PUT", "/routes/2?ttl=5", kRoute).status, 201);
  EXPECT_EQ(f.send("PUT", "/routes/3", kRoute).status, 201);
  EXPECT_EQ(left(4), "1 2 3 ");
  EXPECT_EQ(f.send("PATCH", "/routes/1?ttl=5", R"({"desc":"x"})").status, 200) << "begins anew";
  EXPECT_EQ(f.send("PUT", "/routes/2", kRoute).status, 200) << "has none any more";
  EXPECT_EQ(left(1), "1 2 3 ");
  const int served = f.published;
  EXPECT_EQ(left(4), "2 3 ");
  EXPECT_EQ(f.published, served + 1) << "workers hear of it";
  EXPECT_EQ(f.ask("GET", "/routes/1"), R"(404 {"message":"Key not found"})");
  EXPECT_EQ(f.send("POST", "/routes?ttl=1", kRoute).status, 201);
  EXPECT_EQ(left(1), "2 3 ");
}

TEST(AdminApi, PluginsAndSchemasAreShown) {
  AdminFixture f;
  EXPECT_EQ(f.ask("GET", "/plugins/list"), R"(200 ["canary"])");
  EXPECT_EQ(f.ask("GET", "/plugins/list?subsystem=stream"), "200 []");
  EXPECT_THAT(f.ask("GET", "/plugins/canary"), AllOf(StartsWith("200 {"), HasSubstr(R"("text":{"type":"string"})")));
  EXPECT_EQ(f.ask("GET", "/schema/plugins/canary"), f.ask("GET", "/plugins/canary"));
  EXPECT_EQ(f.ask("GET", "/plugins/nobody"), R"(404 {"error_msg":"plugin not found in subsystem http"})");
  EXPECT_EQ(f.ask("GET", "/plugins/canary?subsystem=x"), R"(400 {"error_msg":"unsupported subsystem: x"})");
  auto all = json::parse(f.send("GET", "/plugins?all=true").body);
  EXPECT_EQ(all->find("canary")->integer_or("priority", 0), 7);
  EXPECT_THAT(f.ask("GET", "/schema/plugin_config"), StartsWith("200 {"));
  EXPECT_EQ(f.ask("GET", "/schema/nonsense"), R"(400 {"error_msg":"not found schema: nonsense"})");
}

TEST(AdminApi, ReloadingPluginsIsAPut) {
  AdminFixture f;
  int reloads = 0;
  f.services.reload_plugins = [&]() -> Task<Status> {
    ++reloads;
    return Status();
  };
  EXPECT_EQ(f.ask("PUT", "/plugins/reload"), "200 done");
  EXPECT_EQ(f.ask("GET", "/plugins/reload"),
            R"(405 {"error_msg":"please use PUT method to reload the plugins, GET method is not allowed."})");
  EXPECT_EQ(reloads, 1);
}

TEST(AdminApi, ValidatingStoresNothing) {
  AdminFixture f;
  EXPECT_EQ(f.ask("POST", "/schema/validate/routes", kRoute), "200 ");
  EXPECT_THAT(f.ask("POST", "/schema/validate/routes", R"({"uri":5})"), StartsWith(R"(400 {"error_msg":"property )"));
  EXPECT_EQ(f.ask("POST", "/schema/validate/x", "{}"), R"(404 {"error_msg":"Unsupported resource type: x"})");
  EXPECT_EQ(f.ask("POST", "/configs/validate", R"({"routes":[)" + kRoute + "]}"), "200 {}");
  EXPECT_THAT(f.ask("POST", "/configs/validate", R"({"routes":[{"id":"a","uri":5}],"services":{}})"),
              AllOf(StartsWith(R"(400 {"error_msg":"Configuration validation failed","errors":[)"),
                    HasSubstr(R"({"resource_type":"routes","resource_id":"a","index":0,"error":"invalid )"),
                    HasSubstr(R"({"resource_type":"services","error":"must be a list"})")));
  EXPECT_EQ(f.ask("GET", "/routes"), R"(200 {"total":0,"list":[]})");
}

TEST(AdminApi, OnTheYamlStoreReadingWorksAndWritingDoesNot) {
  TemporaryFolder folder;
  std::string path = folder.write("apisix.yaml", "routes: [{id: 1, uri: /a}]\n#END\n");
  AdminFixture f(std::move(*store::YamlStore::open(path, [](const auto&, const auto&) { return Status(); })));
  EXPECT_THAT(f.ask("GET", "/routes/1"), StartsWith(R"(200 {"key":"/apisix/routes/1","value":{"id":"1","uri":"/a"},)"));
  for (const char* method : {"PUT", "PATCH", "DELETE"}) {
    EXPECT_THAT(f.ask(method, "/routes/1", kRoute),
                AllOf(StartsWith("405 "), HasSubstr("apisix.yaml: change that file")));
  }
  EXPECT_EQ(f.send("POST", "/routes", kRoute).status, 405);
}

TEST(AdminApi, WhatTheStoreDoesNotTakeIsNotServed) {
  TemporaryFolder folder;
  auto owned = std::make_unique<BrokenStore>(folder.file("a.db"));
  BrokenStore& store = *owned;
  AdminFixture f(std::move(owned));
  ASSERT_EQ(f.send("PUT", "/routes/1", kRoute).status, 201);
  store.breaks = Error{ErrorCode::kUnavailable, "the disk is full"};
  EXPECT_EQ(f.ask("PUT", "/routes/2", kRoute), R"(503 {"error_msg":"the disk is full"})");
  EXPECT_EQ(f.ask("DELETE", "/routes/1"), R"(503 {"error_msg":"the disk is full"})");
  store.breaks = Error{ErrorCode::kConflict, "routes/1: somebody else was faster"};
  EXPECT_EQ(f.ask("PATCH", "/routes/1", "{}"), R"(503 {"error_msg":"value changed before overwritten"})");
  EXPECT_EQ(f.published, 1);
  EXPECT_EQ(f.builder->latest()->routes(), 1u);
  store.breaks.reset();
  EXPECT_EQ(f.send("PUT", "/routes/2", kRoute).status, 201);
  EXPECT_EQ(f.builder->latest()->routes(), 2u);
}

TEST(AdminApi, AnAnswerWaitsUntilEveryWorkerServesTheWrite) {
  AdminFixture f;
  async::Event published;
  f.publishing = &published;
  http::Response response;
  async::TaskGroup client;
  client.spawn(AdminFixture::keep(f.api->handle(f.request("PUT", "/routes/1", kRoute)), response));
  EXPECT_FALSE(client.empty());
  EXPECT_EQ(f.send("GET", "/routes/1").status, 200);
  published.set();
  EXPECT_TRUE(client.empty());
  EXPECT_EQ(response.status, 201);
}

TEST(AdminApi, WritesHappenOneAfterTheOther) {
  AdminFixture f;
  http::Response slow, quick;
  async::TaskGroup clients;
  std::string conf = R"({"uri":"/","plugins":{"canary":{"text":"slow"}}})";
  clients.spawn(AdminFixture::keep(f.api->handle(f.request("PUT", "/routes/1", conf)), slow));
  clients.spawn(AdminFixture::keep(f.api->handle(f.request("PATCH", "/routes/1", R"({"priority":3})")), quick));
  EXPECT_EQ(clients.size(), 2u);
  f.go.set();
  EXPECT_TRUE(clients.empty());
  EXPECT_EQ(slow.status, 201);
  EXPECT_EQ(quick.status, 200);
}

TEST(AdminApi, AWriteGoesOnWhenItsClientLeaves) {
  AdminFixture f;
  std::string conf = R"({"uri":"/","plugins":{"canary":{"text":"slow"}}})";
  {
    http::Response response;
    async::TaskGroup client;
    client.spawn(AdminFixture::keep(f.api->handle(f.request("PUT", "/routes/1", conf)), response));
  }
  EXPECT_EQ(f.send("GET", "/routes/1").status, 404);
  f.go.set();
  EXPECT_EQ(f.send("GET", "/routes/1").status, 200);
  EXPECT_EQ(f.published, 1);
  EXPECT_EQ(f.builder->latest()->routes(), 1u);
}

}  // namespace
}  // namespace sallyport::admin
