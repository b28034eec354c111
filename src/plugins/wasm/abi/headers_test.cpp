#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/pairs.h"

namespace sallyport::wasm::abi {
namespace {

constexpr int kRequest = 0;
constexpr int kResponse = 2;

std::string encoded(const std::vector<Pair>& pairs) {
  PairsSize size;
  for (const auto& [name, value] : pairs) size.add(name, value);
  std::string bytes(size.bytes, '\0');
  PairsWriter writer(bytes.data(), size.count);
  for (const auto& [name, value] : pairs) writer.add(name, value);
  return bytes;
}

class Headers : public AbiFixture {
 protected:
  static At usual_for(int map) { return map == kResponse ? At::kResponse : At::kRequest; }
  std::shared_ptr<const WasmPlugin> getter(int map, std::string_view name, Options options) {
    return plugin(
        call_module("proxy_get_header_map_value", numbers(map, 100, name.size(), 16, 20), data(100, name), options));
  }
  std::shared_ptr<const WasmPlugin> getter(int map, std::string_view name) {
    return getter(map, name, {.at = usual_for(map)});
  }
  std::shared_ptr<const WasmPlugin> setter(std::string_view how, int map, std::string_view name, std::string_view value,
                                           At at) {
    return plugin(call_module("proxy_" + std::string(how) + "_header_map_value",
                              numbers(map, 100, name.size(), 200, value.size()), data(100, name) + data(200, value),
                              {.at = at}));
  }
  std::shared_ptr<const WasmPlugin> setter(std::string_view how, int map, std::string_view name,
                                           std::string_view value) {
    return setter(how, map, name, value, usual_for(map));
  }
};

TEST_F(Headers, AValueIsFoundWhateverItsCase) {
  PluginRun run(getter(kRequest, "x-name"));
  run.header("X-Name", "value").header("X-Name", "second");
  GuestImage image = call(run);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.text(16), "value");
}

TEST_F(Headers, AMissingValueIsNotFound) {
  PluginRun run(getter(kRequest, "x-name"));
  EXPECT_EQ(call(run).status(), Status::kNotFound);
}

TEST_F(Headers, AMissingValueIsEmptyForTheOldestVersion) {
  PluginRun run(getter(kRequest, "x-name", {.version = "0_1_0"}));
  GuestImage image = call(run);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 0u);
  EXPECT_EQ(image.number(20), 0u);
}

TEST_F(Headers, AnEmptyValueNeedsNoMemoryOfTheGuest) {
  PluginRun run(getter(kRequest, "x-name"));
  run.header("X-Name", "");
  GuestImage image = call(run);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.number(16), 0u);
}

TEST_F(Headers, PseudoHeadersOfTheRequestCanBeRead) {
  for (auto [name, value] : std::vector<Pair>{{":path", "/a?b=c"},
                                              {":method", "POST"},
                                              {":authority", "example.com"},
                                              {":scheme", "http"},
                                              {"host", "example.com"},
                                              {"content-length", "5"}}) {
    PluginRun run(getter(kRequest, name), "/a?b=c", "POST");
    run.exchange.request.authority = "example.com";
    run.exchange.request.body = http::BodyLength::sized(5);
    EXPECT_EQ(call(run).text(16), value);
  }
}

TEST_F(Headers, TheStatusOfTheResponseCanBeRead) {
  PluginRun run(getter(kResponse, ":status"));
  EXPECT_EQ(call(run).text(16), "200");
}

TEST_F(Headers, ThereIsNoResponseBeforeItArrives) {
  PluginRun run(getter(kResponse, ":status", {.at = At::kRequest}));
  EXPECT_EQ(call(run).status(), Status::kNotFound);
}

TEST_F(Headers, TheRequestStaysReadableInTheResponsePhase) {
  PluginRun run(getter(kRequest, ":path", {.at = At::kResponse}), "/a");
  EXPECT_EQ(call(run).text(16), "/a");
}

TEST_F(Headers, AllPairsComeWithPseudoHeadersFirstAndLowerCaseNames) {
  PluginRun run(plugin(call_module("proxy_get_header_map_pairs", numbers(kRequest, 16, 20), "")), "/a");
  run.header("Host", "example.com").header("X-One", "1").header("X-One", "2");
  run.exchange.request.authority = "example.com";
  GuestImage image = call(run);
  auto pairs = read_pairs(image.text(16));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*pairs, (std::vector<Pair>{{":authority", "example.com"},
                                       {":path", "/a"},
                                       {":method", "GET"},
                                       {":scheme", "http"},
                                       {"x-one", "1"},
                                       {"x-one", "2"}}));
}

TEST_F(Headers, AMapThatDoesNotExistIsEmpty) {
  for (int map : {1, 3, 4, 5, 6, 7}) {
    PluginRun run(plugin(call_module("proxy_get_header_map_pairs", numbers(map, 16, 20), "")));
    GuestImage image = call(run);
    EXPECT_EQ(image.status(), Status::kOk);
    EXPECT_EQ(image.number(20), 0u);
  }
}

TEST_F(Headers, AnUnknownMapIsABadArgument) {
  PluginRun run(plugin(call_module("proxy_get_header_map_pairs", numbers(8, 16, 20), "")));
  EXPECT_EQ(call(run).status(), Status::kBadArgument);
}

TEST_F(Headers, TheSizeIsThatOfTheSerializedMap) {
  PluginRun run(plugin(call_module("proxy_get_header_map_size", numbers(kResponse, 16), "", {.at = At::kResponse})));
  run.exchange.response.headers.add("A", "b");
  EXPECT_EQ(call(run).number(16), encoded({{":status", "200"}, {"a", "b"}}).size());
}

TEST_F(Headers, AddingKeepsWhatIsThere) {
  PluginRun run(setter("add", kRequest, "x-one", "2"));
  run.header("X-One", "1");
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_EQ(run.exchange.request.headers.count("x-one"), 2u);
}

TEST_F(Headers, ReplacingRemovesTheOthers) {
  PluginRun run(setter("replace", kRequest, "x-one", "3"));
  run.header("X-One", "1").header("X-One", "2");
  call(run);
  EXPECT_EQ(run.exchange.request.headers.count("x-one"), 1u);
  EXPECT_EQ(run.exchange.request.headers.get("x-one"), "3");
}

TEST_F(Headers, RemovingRemovesAll) {
  PluginRun run(plugin(call_module("proxy_remove_header_map_value", numbers(kRequest, 100, 5), data(100, "x-one"))));
  run.header("X-One", "1").header("X-One", "2");
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_FALSE(run.exchange.request.headers.has("x-one"));
}

TEST_F(Headers, SettingThePathChangesWhatTheUpstreamIsAsked) {
  PluginRun run(setter("replace", kRequest, ":path", "/new%20one?q=1"), "/old");
  call(run);
  EXPECT_EQ(run.exchange.path, "/new%20one");
  EXPECT_EQ(run.exchange.query, "q=1");
}

TEST_F(Headers, SettingMethodAndAuthorityChangesTheRequestToTheUpstream) {
  PluginRun method(setter("replace", kRequest, ":method", "PUT"));
  call(method);
  EXPECT_EQ(method.exchange.request.method, "PUT");
  for (std::string_view name : {":authority", "host", "Host"}) {
    PluginRun authority(setter("replace", kRequest, name, "other.example:8080"));
    call(authority);
    EXPECT_EQ(authority.exchange.upstream_host, "other.example:8080");
    EXPECT_FALSE(authority.exchange.request.headers.has("host"));
  }
}

TEST_F(Headers, SettingTheStatusChangesTheResponse) {
  PluginRun run(setter("replace", kResponse, ":status", "418"));
  run.exchange.response.reason = "OK";
  call(run);
  EXPECT_EQ(run.exchange.response.status, 418);
  EXPECT_EQ(run.exchange.response.reason, "");
}

TEST_F(Headers, WhatWouldBreakTheMessageIsLeftOutWithAWarning) {
  const std::vector<Pair> wrong{
      {"x one", "1"},       {"", "1"},         {"x-one", "a\r\nx-two: b"}, {"x-one", std::string_view("a\0b", 3)},
      {":path", "nope"},    {":path", "/a b"}, {":method", "G T"},         {":authority", "a/b"},
      {":scheme", "https"}, {":unknown", "1"}};
  for (auto [name, value] : wrong) {
    for (std::string_view how : {"add", "replace"}) {
      log_.take();
      PluginRun run(setter(how, kRequest, name, value), "/same");
      EXPECT_EQ(call(run).status(), Status::kOk) << name;
      EXPECT_TRUE(run.exchange.request.headers.empty()) << name;
      EXPECT_EQ(run.exchange.path, "/same");
      EXPECT_EQ(run.exchange.request.method, "GET");
      EXPECT_TRUE(log_.has("warn plugin test: header")) << name;
    }
  }
}

TEST_F(Headers, StatusesThatAreNoneAreLeftOut) {
  for (std::string_view status : {"99", "101", "600", "", "abc", "-200", "2000"}) {
    PluginRun run(setter("replace", kResponse, ":status", status));
    call(run);
    EXPECT_EQ(run.exchange.response.status, 200) << status;
  }
}

TEST_F(Headers, FramingBelongsToTheGateway) {
  for (std::string_view name : {"Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Keep-Alive", "TE"}) {
    PluginRun run(setter("add", kResponse, name, "5"));
    EXPECT_EQ(call(run).status(), Status::kOk);
    EXPECT_TRUE(run.exchange.response.headers.empty()) << name;
  }
}

TEST_F(Headers, PseudoHeadersCannotBeRemoved) {
  PluginRun run(plugin(call_module("proxy_remove_header_map_value", numbers(kRequest, 100, 7), data(100, ":method"))));
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_EQ(run.exchange.request.method, "GET");
}

TEST_F(Headers, ARequestThatHasLeftStaysAsItIs) {
  PluginRun run(setter("add", kRequest, "x-one", "1", At::kResponse));
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_TRUE(run.exchange.request.headers.empty());
  EXPECT_TRUE(log_.has("cannot be changed now"));
}

TEST_F(Headers, AResponseWhoseHeadHasLeftStaysAsItIs) {
  PluginRun run(setter("add", kResponse, "x-one", "1"));
  run.exchange.response_head_sent = true;
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_TRUE(run.exchange.response.headers.empty());
}

TEST_F(Headers, AllPairsCanBeSetAtOnce) {
  std::string pairs = encoded({{":path", "/new"}, {"x-new", "1"}, {"x-bad", "a\nb"}, {"content-length", "3"}});
  PluginRun run(
      plugin(call_module("proxy_set_header_map_pairs", numbers(kRequest, 100, pairs.size()), data(100, pairs))),
      "/old");
  run.header("Host", "example.com").header("X-Old", "1");
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_EQ(run.exchange.path, "/new");
  EXPECT_EQ(run.exchange.request.headers.size(), 2u);
  EXPECT_TRUE(run.exchange.request.headers.has("host"));
  EXPECT_TRUE(run.exchange.request.headers.has("x-new"));
}

TEST_F(Headers, MalformedPairsChangeNothing) {
  std::string good = encoded({{"a", "b"}});
  std::vector<std::string> broken{good.substr(0, 3), good.substr(0, good.size() - 1), good + "x",
                                  std::string("\xff\xff\xff\xff", 4), std::string("\x01\x00\x00\x00", 4)};
  for (const std::string& pairs : broken) {
    PluginRun run(
        plugin(call_module("proxy_set_header_map_pairs", numbers(kRequest, 100, pairs.size()), data(100, pairs))));
    run.header("X-Old", "1");
    EXPECT_EQ(call(run).status(), Status::kBadArgument);
    EXPECT_TRUE(run.exchange.request.headers.has("x-old"));
  }
}

TEST_F(Headers, NoPairsAreWrittenInThreeWays) {
  for (std::string_view pairs : {std::string_view(), std::string_view("\0", 1), std::string_view("\0\0\0\0", 4)}) {
    PluginRun run(
        plugin(call_module("proxy_set_header_map_pairs", numbers(kRequest, 100, pairs.size()), data(100, pairs))));
    run.header("X-Old", "1");
    EXPECT_EQ(call(run).status(), Status::kOk);
    EXPECT_TRUE(run.exchange.request.headers.empty());
  }
}

}  // namespace
}  // namespace sallyport::wasm::abi
