#include "admin/live_endpoint.h"

#include "admin/live_fixture.h"
#include "store/yaml_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::admin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct LiveEndpointTest : testing::Test, LiveFixture {
  std::string route(std::string_view plugin, std::string_view text) {
    return ask(
        "PUT", "/routes/r1",
        fmt::format(R"({{"uri": "/a", "upstream_id": "u", "plugins": {{"{}": {{"text": "{}"}}}}}})", plugin, text));
  }
  std::size_t kept() const {
    std::error_code none;
    std::filesystem::directory_iterator files(folder.file("a.db.blobs"), none);
    return static_cast<std::size_t>(std::distance(files, std::filesystem::directory_iterator()));
  }
  void add_upstream() { ask("PUT", "/upstreams/u", R"({"nodes": {"127.0.0.1:1980": 1}})"); }
};

TEST_F(LiveEndpointTest, CodeComesAsItIsAndIsShownWithWhatIsKnownOfIt) {
  std::string hash = sha256_hex("code:a");
  std::string version =
      R"("version":1,"sha256":")" + hash + R"(","size":6,"abi_version":"7","priority":0,"settings":{})";
  std::string value = R"({"id":"p",)" + version + R"(,"versions":[{)" + version +
                      R"(,"create_time":1576800000}],"create_time":1576800000,"update_time":1576800000})";
  EXPECT_EQ(ask("PUT", "/probes/p", "code:a"), R"(201 {"key":"/apisix/probes/p","value":)" + value + "}");
  EXPECT_EQ(ask("GET", "/probes/p"),
            R"(200 {"key":"/apisix/probes/p","value":)" + value + R"(,"createdIndex":1,"modifiedIndex":1})");
  EXPECT_THAT(ask("GET", "/probes"), StartsWith(R"(200 {"total":1,"list":[{"key":"/apisix/probes/p")"));
  EXPECT_EQ(ask("GET", "/probes/p/versions"),
            R"(200 {"total":1,"list":[{)" + version + R"(,"create_time":1576800000}]})");
  EXPECT_EQ(ask("GET", "/probes/p/versions/1"), "200 {" + version + R"(,"create_time":1576800000})");
  http::Response module = send("GET", "/probes/p/module");
  EXPECT_EQ(module.body, "code:a");
  EXPECT_EQ(module.headers.front(), std::pair(std::string("Content-Type"), std::string("application/x-probe")));
  EXPECT_EQ(ask("GET", "/probes/p/versions/1/module"), "200 code:a");
  EXPECT_EQ(serving("p"), "code:a");
}

TEST_F(LiveEndpointTest, JsonBringsSettingsBesideTheCodeOrForTheCodeThatIsThere) {
  EXPECT_THAT(ask("PUT", "/probes/p", R"({"module": "Y29kZTph", "priority": 5})"), StartsWith("201 "));
  EXPECT_EQ(serving("p"), "code:a");
  EXPECT_EQ(catalog.find("p")->priority(), 5);
  EXPECT_THAT(ask("PUT", "/probes/p", R"({"priority": 6})"), StartsWith("200 "));
  EXPECT_EQ(catalog.find("p")->priority(), 6);
  EXPECT_THAT(ask("PUT", "/probes/p", "code:b"), StartsWith("200 "));
  EXPECT_EQ(catalog.find("p")->priority(), 6) << "code alone keeps the settings";
  EXPECT_EQ(value_of("p").integer_or("version", 0), 3);
}

TEST_F(LiveEndpointTest, TheSameAgainIsNoFurtherVersion) {
  ask("PUT", "/probes/p", "code:a");
  clock.advance(std::chrono::seconds(5));
  EXPECT_THAT(ask("PUT", "/probes/p", "code:a"), StartsWith("200 "));
  EXPECT_EQ(value_of("p").find("versions")->array().size(), 1u);
  EXPECT_EQ(kept(), 1u);
}

TEST_F(LiveEndpointTest, AnOlderVersionCanBePutInForceAgain) {
  ask("PUT", "/probes/p", R"({"module": "Y29kZTph", "priority": 5})");
  ask("PUT", "/probes/p", R"({"module": "Y29kZTpi", "priority": 9})");
  EXPECT_THAT(ask("PUT", "/probes/p/versions/1"), StartsWith("200 "));
  EXPECT_EQ(serving("p"), "code:a");
  EXPECT_EQ(catalog.find("p")->priority(), 5);
  EXPECT_EQ(value_of("p").integer_or("version", 0), 1);
  EXPECT_EQ(ask("PUT", "/probes/p/versions/3"), R"(404 {"message":"Key not found"})");
  EXPECT_EQ(ask("PUT", "/probes/p/versions/x"), R"(404 {"message":"Key not found"})");
  EXPECT_EQ(ask("PUT", "/probes/q/versions/1"), R"(404 {"message":"Key not found"})");
}

TEST_F(LiveEndpointTest, OnlyTheLastVersionsAreKeptAndTheOneInForce) {
  for (const char* code : {"code:1", "code:2", "code:3"}) ask("PUT", "/probes/p", code);
  ask("PUT", "/probes/p/versions/1");
  ask("PUT", "/probes/p", "code:4");
  ask("PUT", "/probes/p/versions/2");
  ask("PUT", "/probes/p", "code:5");
  std::vector<std::int64_t> numbers;
  for (const json::Value& version : value_of("p").find("versions")->array()) {
    numbers.push_back(version.integer_or("version", 0));
  }
  EXPECT_THAT(numbers, testing::ElementsAre(3, 4, 5));
  EXPECT_EQ(kept(), 3u);
}

TEST_F(LiveEndpointTest, WhatIsRefusedChangesNothing) {
  ask("PUT", "/probes/p", "code:a");
  EXPECT_EQ(ask("PUT", "/probes/p", "code:broken"), R"(400 {"error_msg":"it does not compile"})");
  EXPECT_EQ(ask("PUT", "/probes/p", R"({"unknown": 1})"), R"(400 {"error_msg":"unknown is unknown"})");
  EXPECT_EQ(ask("PUT", "/probes/p", R"({"module": "not base64!"})"),
            R"(400 {"error_msg":"invalid configuration: module is no base64 text"})");
  EXPECT_THAT(ask("PUT", "/probes/p", "neither"),
              HasSubstr("it is neither application/x-probe nor a JSON object with \\\"module\\\" in base64"));
  EXPECT_THAT(ask("PUT", "/probes/p", "code:" + std::string(96, 'x')),
              HasSubstr("the module has 101 bytes, and 100 are allowed (probes.uploads.max_size)"));
  EXPECT_THAT(ask("PUT", "/probes/new", R"({"priority": 1})"), HasSubstr("module is missing"));
  EXPECT_EQ(serving("p"), "code:a");
  EXPECT_EQ(value_of("p").integer_or("version", 0), 1);
  EXPECT_EQ(kept(), 1u);
}

TEST_F(LiveEndpointTest, NamesOfOtherPluginsAreNotGivenAway) {
  for (const char* name : {"canary", "taken"}) {
    EXPECT_THAT(ask("PUT", std::string("/probes/") + name, "code:a"),
                HasSubstr(std::string(name) + " is the name of another plugin of this gateway"));
  }
  EXPECT_THAT(ask("PUT", "/probes/a%20b", "code:a"), StartsWith("400 "));
  EXPECT_THAT(ask("PUT", "/probes/" + std::string(65, 'x'), "code:a"), StartsWith("400 "));
  EXPECT_THAT(ask("PUT", "/probes", "code:a"), HasSubstr("missing probes plugin name"));
  EXPECT_EQ(kept(), 0u);
}

TEST_F(LiveEndpointTest, WhatUsesItMustGoWithTheNewVersion) {
  add_upstream();
  ask("PUT", "/probes/p", "code:a");
  EXPECT_THAT(route("p", "b"), StartsWith("201 "));
  EXPECT_EQ(ask("PUT", "/probes/p", "code:b"),
            R"(400 {"error_msg":"routes/r1: failed to check the configuration of plugin p err: code:b refuses it"})");
  EXPECT_EQ(serving("p"), "code:a");
  EXPECT_EQ(kept(), 1u);
  EXPECT_THAT(ask("PUT", "/probes/p", "code:c"), StartsWith("200 "));
  EXPECT_EQ(serving("p"), "code:c");
}

TEST_F(LiveEndpointTest, ItCannotGoWhileItIsUsedUnlessItIsForced) {
  add_upstream();
  ask("PUT", "/probes/p", "code:a");
  route("p", "x");
  ask("PUT", "/services/s", R"({"plugins": {"p": {}}})");
  EXPECT_EQ(ask("DELETE", "/probes/p"),
            R"(400 {"error_msg":"can not delete this probes plugin, route [r1], service [s] are still using it now"})");
  ask("DELETE", "/services/s");
  EXPECT_THAT(ask("DELETE", "/probes/p"), HasSubstr("route [r1] is still using it now"));
  EXPECT_EQ(serving("p"), "code:a");
  ask("DELETE", "/routes/r1");
  EXPECT_EQ(ask("DELETE", "/probes/p"), R"(200 {"deleted":"1","key":"/apisix/probes/p"})");
  EXPECT_EQ(serving("p"), "none");
  EXPECT_EQ(kept(), 0u);
  EXPECT_EQ(ask("DELETE", "/probes/p"), R"(404 {"message":"Key not found"})");
}

TEST_F(LiveEndpointTest, OtherMethodsAndAddressesAreRefused) {
  EXPECT_THAT(ask("POST", "/probes", "code:a"), StartsWith("405 "));
  EXPECT_EQ(ask("PATCH", "/probes/p", "{}"), R"(405 {"error_msg":"not supported `PATCH` method for probes plugin"})");
  EXPECT_THAT(ask("PUT", "/probes/p/other", "code:a"), StartsWith("404 "));
  EXPECT_EQ(ask("GET", "/probes/p"), R"(404 {"message":"Key not found"})");
  ask("PUT", "/probes/p", "code:a");
  EXPECT_THAT(ask("GET", "/probes/p/other"), StartsWith("404 "));
  EXPECT_THAT(ask("GET", "/probes/p/versions/1/other"), StartsWith("404 "));
  EXPECT_EQ(ask("GET", "/probes"), ask("GET", "/probes?page=1&page_size=10"));
}

TEST_F(LiveEndpointTest, OnlyWhoHasTheKeyMaySendMuch) {
  LivePlugins::Settings settings{3 << 20, 8, {}};
  live.use(std::make_shared<LiveProbes>(), settings);
  AdminRequest good = request("PUT", "/probes/p", "");
  EXPECT_EQ(api->body_limit(good), (4u << 20) + (64u << 10));
  AdminRequest bad = good;
  bad.key_header = "another key of a client";
  EXPECT_EQ(api->body_limit(bad), kMaxBodyBytes);
  EXPECT_EQ(api->body_limit(request("PUT", "/routes/r", "")), kMaxBodyBytes);
  EXPECT_THAT(ask("PUT", "/probes/p", "code:" + std::string(2 << 20, 'x')), StartsWith("201 "));
}

TEST(LivePluginsOfAFile, CanBeReadAndNotWritten) {
  TemporaryFolder folder;
  auto check = [](const store::Key&, const json::Value&) { return Status(); };
  auto opened = store::YamlStore::open(folder.write("apisix.yaml", "routes: []\n#END\n"), check);
  ASSERT_TRUE(opened) << opened.error().what;
  LiveFixture f(std::move(*opened));
  EXPECT_EQ(f.ask("GET", "/probes"), R"(200 {"total":0,"list":[]})");
  EXPECT_THAT(f.ask("PUT", "/probes/p", "code:a"), StartsWith("405 "));
  EXPECT_THAT(f.ask("DELETE", "/probes/p"), StartsWith("405 "));
}

}  // namespace
}  // namespace sallyport::admin
