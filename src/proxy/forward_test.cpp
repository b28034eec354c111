// The upstream's side of an exchange: further tries, kept connections, and upstreams that misbehave.

#include "proxy/forward.h"

#include "proxy/proxy_fixture.h"

namespace sallyport::proxy {
namespace {

using ::testing::ElementsAre;

std::string put_request(std::string_view path, std::string_view body) {
  return "PUT" + post(path, body).substr(std::string_view("POST").size());
}

struct ForwardTest : testing::Test, ProxyFixture {
  // Where the second try goes: the first goes to `server`.
  async::LoopbackServer other{loop.reactor};

  void two_nodes(std::string_view plugins = "", std::string_view upstream = "") {
    route("/*", plugins, upstream, node(server, 1000) + ", " + node(other, 1));
  }
  Task<Talk> accept_other() { co_return Talk(co_await other.accept()); }

  // Sends `request`; the upstream takes it and says `reply`, then closes. The response, whole or not.
  Task<Talk::Message> exchange(std::string request, std::string reply) {
    Talk client = co_await ask(request);
    Talk upstream = co_await answer(reply);
    upstream.close();
    auto response = co_await client.response();
    rest = co_await client.rest();
    co_return response;
  }
  // The status for `request` when its upstream takes it and closes, and nobody else is asked.
  Task<int> status_when_lost(std::string request) {
    Talk client = co_await ask(std::move(request));
    Talk upstream = co_await accept();
    co_await upstream.request();
    upstream.close();
    int status = (co_await client.response()).status;
    EXPECT_EQ(other.waiting(), 0u);
    co_return status;
  }
  std::string rest;  // what came behind the response of `exchange`
};

TEST_F(ForwardTest, ARefusedConnectionIsTriedElsewhereWhateverTheMethod) {
  two_nodes();
  server.close();
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(post("/1", "abc"));
    Talk upstream = co_await t.accept_other();
    EXPECT_EQ((co_await upstream.request()).body, "abc");
    EXPECT_TRUE(co_await upstream.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
    EXPECT_THAT(t.lines, ElementsAre("/1 200 502, 200 -"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, WhereNoNodeIsLeftTheAnswerIs502) {
  route("/*");
  server.close();
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1") + get("/2"));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 502);
    EXPECT_TRUE(response.has("X-APISIX-Upstream-Status: 502"));
    EXPECT_EQ((co_await client.response()).status, 502) << "the connection to the client stays";
    EXPECT_THAT(t.lines, ElementsAre("/1 502 502 upstream_refused", "/2 502 502 upstream_refused"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, AGrpcRequestIsToldOfAFailureInAHeadAlone) {
  route("/*");
  server.close();
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(post("/1", "abc", "Content-Type: application/grpc\r\n"));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.has("Content-Type: application/grpc"));
    EXPECT_TRUE(response.has("grpc-status: 14"));
    EXPECT_TRUE(response.has("grpc-message: 502 Bad Gateway"));
    EXPECT_EQ(response.body, "");
    EXPECT_THAT(t.lines, ElementsAre("/1 200 502 upstream_refused"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, AGrpcRequestMayBeShorterThanTheTimeOfTheRoute) {
  two_nodes();
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(post("/1", "abc", "Content-Type: application/grpc\r\ngrpc-timeout: 1m\r\n"));
    Talk upstream = co_await t.accept();
    auto response = co_await client.response();
    EXPECT_TRUE(response.has("grpc-status: 4"));
    EXPECT_THAT(t.lines, ElementsAre("/1 200 504 deadline_exceeded"));
    EXPECT_EQ(t.other.waiting(), 0u) << "there is no time for another";
  };
  run(body(*this));
}

std::string call(std::string_view timeout) {
  return post("/1", "abc", fmt::format("Content-Type: application/grpc\r\ngrpc-timeout: {}\r\n", timeout));
}

TEST_F(ForwardTest, TheDeadlineOfACallEndsAResponseThatGoesOn) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(call("20m"));
    Talk upstream = co_await t.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    bool is_open = true;
    for (int pieces = 0; is_open && pieces < 10'000; ++pieces) {
      is_open = co_await upstream.send("1\r\nx\r\n");
      co_await t.loop.reactor.sleep(Milliseconds(1));
    }
    EXPECT_FALSE(is_open);
    const std::string got = co_await client.rest();
    EXPECT_THAT(got, ::testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(got, ::testing::Not(::testing::EndsWith("0\r\n\r\n"))) << "it stays a fragment";
    EXPECT_THAT(t.lines, ElementsAre("/1 200 200 deadline_exceeded"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, InterimResponsesExtendTheDeadlineOfACallByNothing) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(call("50m"));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    for (int i = 0; i < 10; ++i) {
      co_await upstream.send("HTTP/1.1 103 Early Hints\r\n\r\n");
      co_await t.loop.reactor.sleep(Milliseconds(10));
    }
    co_await upstream.send(ok(""));
    client.close();
    co_await t.all_gone();
    EXPECT_THAT(t.lines, ElementsAre("/1 200 504 deadline_exceeded"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, ACallWaitsForANameNoLongerThanItsDeadline) {
  route("/*", "", "", R"("nobody.test:80": 1)");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(call("20m"));
    auto response = co_await client.response();
    EXPECT_TRUE(response.has("grpc-status: 4"));
    EXPECT_THAT(t.lines, ElementsAre("/1 200 - deadline_exceeded"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, AnIdempotentRequestIsSentAgainWithItsBody) {
  two_nodes();
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(put_request("/1", "abc"));
    Talk first = co_await t.accept();
    EXPECT_EQ((co_await first.request()).body, "abc");
    first.close();
    Talk second = co_await t.accept_other();
    auto request = co_await second.request();
    EXPECT_EQ(request.body, "abc");
    EXPECT_TRUE(request.has("Content-Length: 3"));
    EXPECT_TRUE(co_await second.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
    EXPECT_THAT(t.lines, ElementsAre("/1 200 502, 200 -"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, ARequestThatIsNotIdempotentIsNotSentTwice) {
  two_nodes();
  auto body = [](ForwardTest& t) -> Task<void> {
    EXPECT_EQ(co_await t.status_when_lost(post("/1", "abc")), 502);
    EXPECT_THAT(t.lines, ElementsAre("/1 502 502 upstream_closed"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, ABodyBeyondTheReplayBufferIsNotSentTwice) {
  two_nodes();
  options.replay_bytes = 1000;
  auto body = [](ForwardTest& t) -> Task<void> {
    EXPECT_EQ(co_await t.status_when_lost(put_request("/1", std::string(1001, 'x'))), 502);
    EXPECT_THAT(t.lines, ElementsAre("/1 502 502 upstream_closed"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, ABodyInTheMiddleIsReplayedAndGoesOn) {
  two_nodes();
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask("PUT /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    Talk first = co_await t.accept();
    EXPECT_TRUE(co_await first.has_come("abc"));
    first.reset();
    Talk second = co_await t.accept_other();
    EXPECT_TRUE(co_await client.send("3\r\ndef\r\n0\r\n\r\n"));
    auto request = co_await second.request();
    EXPECT_EQ(request.body, "abcdef");
    EXPECT_TRUE(co_await second.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
  };
  run(body(*this));
}

TEST_F(ForwardTest, APieceThatWaitsInAPluginIsNotLostInAFurtherTry) {
  async::Event go_on;
  first.act = [&go_on](Phase phase, exchange::Exchange&, BodyStage* stage) -> Task<Verdict> {
    if (phase == Phase::kRequestBody && !stage->arrived().empty()) co_await go_on;
    co_return Verdict::proceed();
  };
  two_nodes(R"("first": {})");
  auto body = [](ForwardTest& t, async::Event& event) -> Task<void> {
    Talk client = co_await t.ask("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_TRUE(co_await client.send("abcdef"));
    co_await t.loop.until([&t] { return !t.first.calls.empty() && t.first.calls.back() == "request_body"; });
    upstream.close();
    EXPECT_EQ((co_await client.response()).status, 502) << "the piece was with the plugin: no further try is whole";
    EXPECT_EQ(t.other.waiting(), 0u);
    event.set();
  };
  run(body(*this, go_on));
}

TEST_F(ForwardTest, ATryThatTakesTooLongIsRepeatedElsewhere) {
  two_nodes("", R"(, "timeout": {"connect": 5, "send": 5, "read": 0.02})");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk first = co_await t.accept();
    Talk second = co_await t.accept_other();
    co_await second.request();
    EXPECT_TRUE(co_await second.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
    EXPECT_THAT(t.lines, ElementsAre("/1 200 504, 200 -"));
    EXPECT_TRUE(co_await client.send(post("/2", "abc")));
    Talk third = co_await t.accept();
    EXPECT_EQ((co_await client.response()).status, 504);
    EXPECT_EQ(t.lines.back(), "/2 504 504 upstream_timeout");
  };
  run(body(*this));
}

TEST_F(ForwardTest, TheTimeToAnswerBeginsWhenTheRequestHasLeft) {
  route("/*", "", R"(, "timeout": {"connect": 5, "send": 5, "read": 0.02})");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
    Talk upstream = co_await t.accept();
    co_await t.loop.reactor.sleep(Milliseconds(60));
    EXPECT_TRUE(co_await client.send("cd"));
    EXPECT_EQ((co_await upstream.request()).body, "abcd");
    EXPECT_TRUE(co_await upstream.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
  };
  run(body(*this));
}

TEST_F(ForwardTest, AKeptConnectionThatIsClosedCostsNoTry) {
  route("/*", "", R"(, "retries": 0)");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk first = co_await t.answer(ok(""));
    co_await client.response();
    EXPECT_TRUE(co_await client.send(get("/2")));
    co_await first.request();
    first.close();  // as an upstream does whose patience ends at that moment
    Talk second = co_await t.accept();
    EXPECT_EQ((co_await second.request()).line, "GET /2 HTTP/1.1");
    EXPECT_TRUE(co_await second.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
    EXPECT_EQ(t.lines.back(), "/2 200 200 -");

    EXPECT_TRUE(co_await client.send(post("/3", "abc")));
    co_await second.request();
    second.close();
    EXPECT_EQ((co_await client.response()).status, 502) << "it may have been carried out";
    EXPECT_EQ(t.server.waiting(), 0u);
  };
  run(body(*this));
}

TEST_F(ForwardTest, WhatFollowsAResponseIsNeverTheNextClientsResponse) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk first = co_await t.answer(ok("one") + ok("poison"));
    EXPECT_EQ((co_await client.response()).body, "one");
    EXPECT_TRUE(co_await client.send(get("/2")));
    Talk second = co_await t.answer(ok("two"));
    EXPECT_EQ((co_await client.response()).body, "two");
    EXPECT_EQ(co_await first.rest(), "") << "the first connection was closed";

    EXPECT_TRUE(co_await second.send(ok("poison")));  // while nobody asks
    co_await t.loop.turn();
    co_await t.loop.turn();
    EXPECT_TRUE(co_await client.send(get("/3")));
    Talk third = co_await t.answer(ok("three"));
    EXPECT_EQ((co_await client.response()).body, "three");
  };
  run(body(*this));
}

TEST_F(ForwardTest, WhatIsNoResponseIs502AndNotTriedAgain) {
  two_nodes();
  auto body = [](ForwardTest& t) -> Task<void> {
    for (std::string_view garbage :
         {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"}) {
      SCOPED_TRACE(garbage);
      auto response = co_await t.exchange(get("/1", "Connection: close\r\n"), std::string(garbage));
      EXPECT_EQ(response.status, 502);
      EXPECT_TRUE(response.whole);
      EXPECT_EQ(t.rest, "");
      EXPECT_EQ(t.other.waiting(), 0u);
      EXPECT_EQ(t.lines.back(), "/1 502 502 upstream_protocol");
    }
  };
  run(body(*this));
}

TEST_F(ForwardTest, InterimResponsesPass) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk upstream = co_await t.answer(
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n");
    auto hints = co_await client.response();
    EXPECT_EQ(hints.head, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    EXPECT_TRUE(co_await upstream.send(ok("end")));
    auto response = co_await client.response();
    EXPECT_EQ(response.body, "end");
    EXPECT_EQ(response.value_of("Link"), "");
    EXPECT_TRUE(co_await client.send("GET /2 HTTP/1.0\r\n\r\n"));
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok("end")));
    EXPECT_EQ((co_await client.response()).status, 200) << "old clients know no interim responses";
  };
  run(body(*this));
}

TEST_F(ForwardTest, AResponseThatBreaksOffEndsTheClientsConnectionWithoutAValidEnd) {
  two_nodes();
  auto body = [](ForwardTest& t) -> Task<void> {
    auto sized = co_await t.exchange(get("/1"), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_EQ(sized.body, "half");
    EXPECT_FALSE(sized.whole);
    EXPECT_EQ(t.lines.back(), "/1 200 200 upstream_broke_off");
    auto chunked =
        co_await t.exchange(get("/2"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n5\r\nha");
    EXPECT_EQ(chunked.body, "halfha");
    EXPECT_FALSE(chunked.whole);
    auto broken =
        co_await t.exchange(get("/3"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz");
    EXPECT_FALSE(broken.whole);
    EXPECT_EQ(broken.body, "half") << "what came before the fault is passed on";
    EXPECT_EQ(t.other.waiting(), 0u) << "never tried again after response bytes";
  };
  run(body(*this));
}

TEST_F(ForwardTest, AnOldClientSeesAResponseThatBreaksOffAsAReset) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask("GET /1 HTTP/1.0\r\n\r\n");
    Talk upstream = co_await t.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    EXPECT_TRUE(co_await client.has_come("half"));
    upstream.close();
    co_await client.rest();
    EXPECT_TRUE(client.broken) << "a plain end would make the half look whole";
  };
  run(body(*this));
}

TEST_F(ForwardTest, ABodyThatEndsWithTheUpstreamsConnectionIsWhole) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    auto response = co_await t.exchange(get("/1", "Connection: close\r\n"), "HTTP/1.1 200 OK\r\n\r\nall of it");
    EXPECT_EQ(response.body, "all of it");
    EXPECT_TRUE(response.whole);
    EXPECT_TRUE(response.has("Transfer-Encoding: chunked"));
  };
  run(body(*this));
}

TEST_F(ForwardTest, AnUpstreamMayAnswerBeforeTheBodyHasCome) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
    Talk upstream = co_await t.accept();
    EXPECT_TRUE(co_await upstream.has_come("abc"));
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.body, "no");
    // The rest of the body is not taken for a request, and the half-used connection is not used again.
    EXPECT_TRUE(co_await client.send("def" + get("/2")));
    Talk second = co_await t.accept();
    EXPECT_EQ((co_await second.request()).line, "GET /2 HTTP/1.1");
    EXPECT_TRUE(co_await second.send(ok("two")));
    EXPECT_EQ((co_await client.response()).body, "two");
  };
  run(body(*this));
}

TEST_F(ForwardTest, AnUpstreamThatTakesNoBodyButAnswersLeavesNoHalfRequestBehind) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    const std::string large(4 << 20, 'x');
    async::TaskGroup sending;
    sending.spawn([](Talk& from, std::string text) -> Task<void> { co_await from.send(std::move(text)); }(
                                                       client, post("/1", large)));
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"));
    EXPECT_EQ((co_await client.response()).status, 413);
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  run(body(*this));
}

TEST_F(ForwardTest, BytesGoBothWaysWhileTheBodyIsUnderWay) {
  route("/*");
  auto body = [](ForwardTest& t) -> Task<void> {
    Talk client = co_await t.ask("POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk) << "the head leaves by itself";
    upstream.stream().consume(upstream.stream().unread().size());
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(co_await client.send("4\r\nping\r\n"));
      EXPECT_TRUE(co_await upstream.has_come("ping\r\n"));
      upstream.stream().consume(upstream.stream().unread().size());
      EXPECT_TRUE(co_await upstream.send("4\r\npong\r\n"));
      EXPECT_TRUE(co_await client.has_come("pong\r\n"));
      client.stream().consume(client.stream().unread().size());
    }
    EXPECT_TRUE(co_await client.send("0\r\n\r\n"));
    EXPECT_TRUE(co_await upstream.send("0\r\n\r\n"));
    EXPECT_TRUE(co_await client.has_come("0\r\n\r\n"));
  };
  run(body(*this));
}

}  // namespace
}  // namespace sallyport::proxy
