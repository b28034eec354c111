// Routes with `enable_websocket`: the handshake goes up, and behind a 101 bytes go both ways.

#include "proxy/proxy.h"
#include "proxy/proxy_fixture.h"

namespace sallyport::proxy {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kHandshake =
    "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n";
constexpr const char* kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct WebsocketTest : testing::Test, ProxyFixture {
  void route_with(bool enabled, std::string_view plugins = "") {
    put("routes", fmt::format(R"({{"uri": "/*", "enable_websocket": {}, "plugins": {{{}}},
                                   "upstream": {{"nodes": {{{}}}}}}})",
                              enabled, plugins, node(server)));
  }
  // The upstream's side, behind the answer `reply` to a handshake.
  async::Task<Talk> shake_hands(Talk& client, const char* reply = kSwitch) {
    EXPECT_TRUE(co_await client.send(get("/chat", kHandshake)));
    Talk upstream = co_await accept();
    asked = co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(reply));
    co_return upstream;
  }
  Talk::Message asked;
};

TEST_F(WebsocketTest, BehindTheHandshakeBytesGoBothWays) {
  route_with(true);
  auto body = [](WebsocketTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    Talk upstream = co_await t.shake_hands(client);
    EXPECT_TRUE(t.asked.has("Upgrade: websocket"));
    EXPECT_TRUE(t.asked.has("Connection: upgrade"));
    EXPECT_TRUE(t.asked.has("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="));
    auto response = co_await client.response();
    EXPECT_EQ(response.line, "HTTP/1.1 101 Switching Protocols");
    EXPECT_TRUE(response.has("Upgrade: websocket"));
    EXPECT_TRUE(response.has("Connection: upgrade"));
    EXPECT_TRUE(response.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    EXPECT_TRUE(co_await client.send("\x81\x01?"));
    EXPECT_TRUE(co_await upstream.has_come("\x81\x01?"));
    EXPECT_TRUE(co_await upstream.send("\x81\x01!"));
    EXPECT_TRUE(co_await client.has_come("\x81\x01!"));
    EXPECT_THAT(t.lines, ElementsAre());
    upstream.close();
    EXPECT_EQ(co_await client.rest(), "\x81\x01!");
    client.close();
    co_await t.all_gone();
    EXPECT_THAT(t.lines, ElementsAre("/chat 101 101 -"));
  };
  run(body(*this));
}

TEST_F(WebsocketTest, WithoutTheSettingTheHandshakeIsAnOrdinaryRequest) {
  route_with(false);
  auto body = [](WebsocketTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    Talk upstream = co_await t.shake_hands(client, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(t.asked.value_of("Upgrade"), "");
    EXPECT_EQ(t.asked.value_of("Connection"), "");
    EXPECT_EQ((co_await client.response()).status, 426);
  };
  run(body(*this));
}

TEST_F(WebsocketTest, AnUpstreamThatRefusesIsHeardAndBothConnectionsAreKept) {
  route_with(true);
  auto body = [](WebsocketTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    Talk upstream = co_await t.shake_hands(client, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_EQ((co_await client.response()).body, "no");
    EXPECT_TRUE(co_await client.send(get("/again")));
    EXPECT_EQ((co_await upstream.request()).line, "GET /again HTTP/1.1");
  };
  run(body(*this));
}

TEST_F(WebsocketTest, NoOtherProtocolAndNoOtherMethodIsPassedOn) {
  route_with(true);
  auto body = [](WebsocketTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"));
    Talk upstream = co_await t.answer(ok("a"));
    EXPECT_EQ((co_await client.response()).body, "a");
    EXPECT_TRUE(co_await client.send(post("/post", "x", kHandshake)));
    auto posted = co_await upstream.request();
    EXPECT_EQ(posted.value_of("Upgrade"), "");
    EXPECT_TRUE(co_await upstream.send(ok("b")));
    EXPECT_EQ((co_await client.response()).body, "b");
  };
  run(body(*this));
}

TEST_F(WebsocketTest, AnUpstreamThatSwitchesToSomethingElseIsAtFault) {
  route_with(true);
  auto body = [](WebsocketTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    Talk upstream = co_await t.shake_hands(
        client, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    EXPECT_EQ((co_await client.response()).status, 502);
  };
  run(body(*this));
}

TEST_F(WebsocketTest, APluginSeesTheSwitchAndMayRefuseIt) {
  route_with(true, R"("first": {})");
  first.phases = {Phase::kResponseHeaders};
  first.act = [](Phase, exchange::Exchange& exchange, BodyStage*) -> async::Task<Verdict> {
    EXPECT_EQ(exchange.response.status, 101);
    exchange.response.status = 403;
    co_return Verdict::proceed();
  };
  auto body = [](WebsocketTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    Talk upstream = co_await t.shake_hands(client);
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.value_of("Upgrade"), "");
    EXPECT_EQ(co_await upstream.rest(), "");
    EXPECT_THAT(t.lines, ElementsAre("/chat 403 101 -"));
  };
  run(body(*this));
}

}  // namespace
}  // namespace sallyport::proxy
