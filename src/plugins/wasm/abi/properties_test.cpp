#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/pairs.h"

namespace sallyport::wasm::abi {
namespace {

using namespace std::string_view_literals;

class Properties : public AbiFixture {
 protected:
  std::shared_ptr<const WasmPlugin> getter(std::string_view path, At at = At::kRequest) {
    return plugin(call_module("proxy_get_property", numbers(100, path.size(), 16, 20), data(100, path), {.at = at}));
  }
  std::string text_of(std::string_view path, At at = At::kRequest) {
    PluginRun run(getter(path, at), "/a/b?q=1", "POST");
    prepare(run);
    GuestImage image = call(run);
    return image.status() == Status::kOk ? std::string(image.text(16)) : "(none)";
  }
  std::uint64_t number_of(std::string_view path, At at = At::kRequest) {
    std::string bytes = text_of(path, at);
    std::uint64_t number = 0;
    EXPECT_EQ(bytes.size(), sizeof(number)) << path;
    if (bytes.size() == sizeof(number)) std::memcpy(&number, bytes.data(), sizeof(number));
    return number;
  }
  static void prepare(PluginRun& run) {
    run.header("Host", "example.com").header("User-Agent", "curl").header("X-One", "1").header("x-one", "2");
    exchange::Exchange& exchange = run.exchange;
    exchange.request.authority = "example.com";
    exchange.request.body = http::BodyLength::sized(12);
    exchange.client = {"192.0.2.1", 1234};
    exchange.local = {"2001:db8::1", 80};
    exchange.connection_id = 77;
    exchange.matched.route_id = "r1";
    exchange.endpoint.address = "192.0.2.9:8080";
    exchange.endpoint.port = 8080;
    exchange.timing.started_wall = WallTime(std::chrono::seconds(5));
    exchange.timing.upstream_header = std::chrono::milliseconds(3);
  }
};

TEST_F(Properties, TextsOfTheRequestComeAsTheyAre) {
  EXPECT_EQ(text_of("request\0path"sv), "/a/b?q=1");
  EXPECT_EQ(text_of("request\0url_path"sv), "/a/b");
  EXPECT_EQ(text_of("request\0query"sv), "q=1");
  EXPECT_EQ(text_of("request\0method"sv), "POST");
  EXPECT_EQ(text_of("request\0host"sv), "example.com");
  EXPECT_EQ(text_of("request\0scheme"sv), "http");
  EXPECT_EQ(text_of("request\0protocol"sv), "HTTP/1.1");
  EXPECT_EQ(text_of("request\0useragent"sv), "curl");
  EXPECT_EQ(text_of("request\0referer"sv), "(none)");
}

TEST_F(Properties, OneNulAtTheEndOfAPathDoesNotMatter) {
  EXPECT_EQ(text_of("request\0method\0"sv), "POST");
  EXPECT_EQ(text_of("request\0method\0\0"sv), "(none)");
}

TEST_F(Properties, NumbersAreEightBytes) {
  EXPECT_EQ(number_of("request\0size"sv), 12u);
  EXPECT_EQ(number_of("request\0time"sv), 5'000'000'000u);
  EXPECT_EQ(number_of("source\0port"sv), 1234u);
  EXPECT_EQ(number_of("connection\0id"sv), 77u);
  EXPECT_EQ(number_of("connection_id"), 77u);
  EXPECT_EQ(number_of("upstream\0port"sv), 8080u);
  EXPECT_EQ(number_of("listener_direction"), 1u);
  EXPECT_EQ(number_of("response\0code"sv, At::kResponse), 200u);
  EXPECT_EQ(number_of("response\0backend_latency"sv, At::kResponse), 3'000'000u);
}

TEST_F(Properties, TruthIsOneByte) { EXPECT_EQ(text_of("connection\0mtls"sv), std::string(1, '\0')); }

TEST_F(Properties, AddressesHaveTheirPort) {
  EXPECT_EQ(text_of("source\0address"sv), "192.0.2.1:1234");
  EXPECT_EQ(text_of("destination\0address"sv), "[2001:db8::1]:80");
  EXPECT_EQ(text_of("upstream\0address"sv), "192.0.2.9:8080");
}

TEST_F(Properties, HeadersAreAMapOrOneValueJoinedByCommas) {
  EXPECT_EQ(text_of("request\0headers\0x-one"sv), "1,2");
  EXPECT_EQ(text_of("request\0headers\0x-none"sv), "(none)");
  auto pairs = read_pairs(text_of("request\0headers"sv));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->size(), 4u);
}

TEST_F(Properties, TheResponseHasNoneBeforeItArrives) {
  EXPECT_EQ(text_of("response\0code"sv), "(none)");
  EXPECT_EQ(text_of("request\0duration"sv), "(none)");
}

TEST_F(Properties, PluginsKnowThemselves) {
  EXPECT_EQ(text_of("plugin_name"), "test");
  EXPECT_EQ(text_of("plugin_root_id"), "root");
  EXPECT_EQ(text_of("plugin_vm_id"), "test");
}

TEST_F(Properties, WhatIsNotKnownIsAVariableOfTheGateway) {
  EXPECT_EQ(text_of("remote_addr"), "192.0.2.1");
  EXPECT_EQ(text_of("arg_q"), "1");
  EXPECT_EQ(text_of("http_user_agent"), "curl");
  EXPECT_EQ(text_of("route_id"), "r1");
  EXPECT_EQ(text_of("no_such_variable"), "(none)");
  EXPECT_EQ(text_of(""), "(none)");
}

TEST_F(Properties, DotsMayDivideAPath) {
  EXPECT_EQ(text_of("request.method"), "POST");
  EXPECT_EQ(text_of("request.nothing"), "(none)");
}

TEST_F(Properties, WhatAPluginSetsOthersCanRead) {
  PluginRun run(
      plugin(call_module("proxy_set_property", numbers(100, 4, 200, 5), data(100, "a\0b\0"sv) + data(200, "value"))));
  EXPECT_EQ(call(run).status(), Status::kOk);
  EXPECT_EQ(run.exchange.property("a\0b"sv), "value");

  PluginRun reader(getter("mine"));
  reader.exchange.set_property("mine", "theirs");
  EXPECT_EQ(call(reader).text(16), "theirs");
}

TEST_F(Properties, BuiltInOnesCannotBeForged) {
  PluginRun run(getter("source\0address"sv));
  prepare(run);
  run.exchange.set_property("source\0address"sv, "10.0.0.1:1");
  EXPECT_EQ(call(run).text(16), "192.0.2.1:1234");
}

}  // namespace
}  // namespace sallyport::wasm::abi
