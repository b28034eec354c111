// The way of whole exchanges: connections kept, requests in a row, framing and fields both ways, draining.

#include "proxy/proxy.h"

#include "proxy/proxy_fixture.h"

namespace sallyport::proxy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ProxyTest : testing::Test, ProxyFixture {
  // Serves connections and requests without end: "echo METHOD TARGET BODY".
  Task<void> echo_connection(Talk upstream) {
    for (;;) {
      auto request = co_await upstream.request();
      if (!request.whole) co_return;
      std::string text = request.line.substr(0, request.line.rfind(' ')) + " " + request.body;
      if (!co_await upstream.send(ok(text))) co_return;
    }
  }
  Task<void> echo() {
    for (;;) loop.tasks.spawn(echo_connection(co_await accept()));
  }
};

TEST_F(ProxyTest, ARequestReachesItsUpstreamAndTheResponseItsClient) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/a/b?c=d", "X-One: 1\r\n")));
    Talk upstream = co_await t.accept();
    auto request = co_await upstream.request();
    EXPECT_EQ(request.line, "GET /a/b?c=d HTTP/1.1");
    EXPECT_TRUE(request.has("Host: gateway.test"));
    EXPECT_TRUE(request.has("X-One: 1"));
    EXPECT_TRUE(co_await upstream.send(ok("hello", "X-Two: 2\r\n")));
    auto response = co_await client.response();
    EXPECT_EQ(response.line, "HTTP/1.1 200 OK");
    EXPECT_TRUE(response.has("X-Two: 2"));
    EXPECT_TRUE(response.has("Server: APISIX/3.18.0"));
    EXPECT_TRUE(response.has("Content-Length: 5"));
    EXPECT_EQ(response.body, "hello");
    EXPECT_THAT(t.lines, ElementsAre("/a/b?c=d 200 200 -"));
  };
  run(body(*this));
}

TEST_F(ProxyTest, APluginMayHaveTheRouteChosenAgainWhileThePluginsStay) {
  std::string matched;
  std::optional<std::string_view> before, after;
  first.act = [&](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
    if (phase == Phase::kRewrite) {
      before = of.property("uri_param_one");
      of.set_upstream_target("/other/x/../y?a=b");
      of.route_is_outdated = true;
    }
    if (phase == Phase::kResponseHeaders) {
      matched = of.matched.uri;
      after = of.property("uri_param_one");
    }
    return Verdict::proceed();
  };
  route("/first/*one/b", R"("first": {})");
  route("/other/*", R"("second": {})");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/first/a/b"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ((co_await upstream.request()).line, "GET /other/y?a=b HTTP/1.1");
    EXPECT_TRUE(co_await upstream.send(ok("x")));
    EXPECT_EQ((co_await client.response()).status, 200);
  };
  run(body(*this));
  EXPECT_EQ(matched, "/other/*");
  EXPECT_TRUE(before) << "what the first route's wildcards stand for";
  EXPECT_FALSE(after) << "is nothing of the second";
  EXPECT_EQ(second.filters_made, 0);
}

TEST_F(ProxyTest, WithoutARouteForWhatAPluginMadeOfItTheAnswerIs404) {
  first.act = [](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
    if (phase == Phase::kAccess) of.set_upstream_target("/none");
    of.route_is_outdated = phase == Phase::kAccess;
    return Verdict::proceed();
  };
  route("/first", R"("first": {})");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/first"));
    EXPECT_EQ((co_await client.response()).status, 404);
  };
  run(body(*this));
  EXPECT_THAT(lines, ElementsAre("/first 404 - no_route"));
}

TEST_F(ProxyTest, BothConnectionsAreUsedAgain) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/1")));
    Talk upstream = co_await t.accept();
    for (int i = 1; i <= 5; ++i) {
      EXPECT_EQ((co_await upstream.request()).line, fmt::format("GET /{} HTTP/1.1", i));
      EXPECT_TRUE(co_await upstream.send(ok("x")));
      EXPECT_EQ((co_await client.response()).status, 200);
      EXPECT_TRUE(co_await client.send(get(fmt::format("/{}", i + 1))));
    }
    EXPECT_EQ(t.server.waiting(), 0u);
  };
  run(body(*this));
}

TEST_F(ProxyTest, PipelinedRequestsAreAnsweredInOrder) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    t.loop.tasks.spawn(t.echo());
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/1") + post("/2", "two") + get("/3") +
                                     "POST /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "2\r\nfo\r\n2\r\nur\r\n0\r\n\r\n" +
                                     get("/5", "Connection: close\r\n") + get("/never")));
    EXPECT_EQ((co_await client.response()).body, "GET /1 ");
    EXPECT_EQ((co_await client.response()).body, "POST /2 two");
    EXPECT_EQ((co_await client.response()).body, "GET /3 ");
    EXPECT_EQ((co_await client.response()).body, "POST /4 four");
    auto last = co_await client.response();
    EXPECT_EQ(last.body, "GET /5 ");
    EXPECT_TRUE(last.has("Connection: close"));
    EXPECT_EQ(co_await client.rest(), "");
    EXPECT_EQ(t.lines.size(), 5u);
  };
  run(body(*this));
}

TEST_F(ProxyTest, OldClientsAreServedAsTheyUnderstand) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    Talk upstream = co_await t.accept();
    auto request = co_await upstream.request();
    EXPECT_EQ(request.line, "GET /1 HTTP/1.1");
    EXPECT_TRUE(request.has("Host: " + t.server.address().to_string())) << "without a host, the node's";
    EXPECT_TRUE(co_await upstream.send(ok("one")));
    auto first = co_await client.response();
    EXPECT_TRUE(first.has("Connection: keep-alive"));
    EXPECT_EQ(first.body, "one");

    EXPECT_TRUE(co_await client.send("GET /2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"));
    auto second = co_await client.response();
    EXPECT_TRUE(second.has("Connection: close"));
    EXPECT_EQ(second.value_of("Transfer-Encoding"), "");
    EXPECT_EQ(second.body, "two");
    EXPECT_TRUE(second.whole);
  };
  run(body(*this));
}

TEST_F(ProxyTest, ResponsesWithoutABodyKeepTheConnection) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ((co_await upstream.request()).line, "HEAD /1 HTTP/1.1");
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"));
    auto head = co_await client.response("HEAD");
    EXPECT_TRUE(head.has("Content-Length: 1234"));

    EXPECT_TRUE(co_await client.send(get("/2")));
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 204 No Content\r\n\r\n"));
    auto none = co_await client.response();
    EXPECT_EQ(none.status, 204);
    EXPECT_EQ(none.value_of("Content-Length"), "");
    EXPECT_EQ(none.value_of("Transfer-Encoding"), "");

    EXPECT_TRUE(co_await client.send(get("/3")));
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 9\r\n\r\n"));
    auto same = co_await client.response();
    EXPECT_EQ(same.status, 304);
    EXPECT_TRUE(same.has("ETag: \"a\""));

    EXPECT_TRUE(co_await client.send(get("/4")));
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(ok("end")));
    EXPECT_EQ((co_await client.response()).body, "end");
  };
  run(body(*this));
}

TEST_F(ProxyTest, WithoutARouteThereIsAnAnswerAndTheConnectionStays) {
  route("/known");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/unknown") + "HEAD /unknown HTTP/1.1\r\nHost: h\r\n\r\n" + get("/x")));
    auto first = co_await client.response();
    EXPECT_EQ(first.status, 404);
    EXPECT_TRUE(first.has("Content-Type: application/json"));
    EXPECT_THAT(first.body, HasSubstr("error_msg"));
    auto head = co_await client.response("HEAD");
    EXPECT_EQ(head.status, 404);
    EXPECT_TRUE(head.has(fmt::format("Content-Length: {}", first.body.size())));
    EXPECT_EQ((co_await client.response()).status, 404);
  };
  run(body(*this));
}

TEST_F(ProxyTest, TheUnreadBodyOfAnAnsweredRequestIsNeverTakenForARequest) {
  route("/known");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(post("/unknown", get("/known")) + get("/unknown")));
    EXPECT_EQ((co_await client.response()).status, 404);
    EXPECT_EQ((co_await client.response()).status, 404);
    EXPECT_EQ(t.server.waiting(), 0u);
    EXPECT_THAT(t.lines, ElementsAre("/unknown 404 - no_route", "/unknown 404 - no_route"));

    EXPECT_TRUE(co_await client.send("POST /unknown HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n"));
    EXPECT_EQ((co_await client.response()).status, 404);
    for (int i = 0; i < 30 && co_await client.send(std::string(10'000, 'x')); ++i) {
    }
    EXPECT_EQ(co_await client.rest(), "") << "too much to read: the connection ends";
  };
  run(body(*this));
}

TEST_F(ProxyTest, ARequestThatIsNotUnderstoodIsAnsweredLoggedAndEndsTheConnection) {
  route("/*", R"("first": {})");
  auto body = [](ProxyTest& t) -> Task<void> {
    for (std::string_view bad : {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "GET /%2e%2e/x HTTP/1.1\r\nHost: h\r\n\r\n",
                                 "GET / HTTP/1.1\r\n\r\n"}) {
      Talk client = co_await t.connect();
      EXPECT_TRUE(co_await client.send(std::string(bad) + get("/known")));
      auto response = co_await client.response();
      EXPECT_EQ(response.status, 400) << bad;
      EXPECT_TRUE(response.has("Connection: close"));
      EXPECT_TRUE(response.has("Server: APISIX/3.18.0"));
      EXPECT_EQ(co_await client.rest(), "");
    }
    EXPECT_EQ(t.lines.size(), 3u);
    EXPECT_EQ(t.first.filters_made, 0);
  };
  run(body(*this));
}

TEST_F(ProxyTest, FieldsOfOneConnectionGoNoFurther) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/",
                                         "Connection: X-Mine, keep-alive, Upgrade\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n"
                                         "TE: trailers\r\nUpgrade: h2c\r\nProxy-Connection: keep-alive\r\n"
                                         "Trailer: X-T\r\nX-Stays: 1\r\n")));
    Talk upstream = co_await t.accept();
    auto request = co_await upstream.request();
    for (std::string_view gone :
         {"Connection", "X-Mine", "Keep-Alive", "TE", "Upgrade", "Proxy-Connection", "Trailer"}) {
      EXPECT_EQ(request.value_of(gone), "") << gone;
    }
    EXPECT_TRUE(request.has("X-Stays: 1"));
    EXPECT_TRUE(co_await upstream.send(ok("x",
                                          "Connection: X-Theirs, keep-alive\r\nX-Theirs: 1\r\nKeep-Alive: timeout=5\r\n"
                                          "Proxy-Connection: x\r\nX-Stays: 1\r\n")));
    auto response = co_await client.response();
    for (std::string_view gone : {"Connection", "X-Theirs", "Keep-Alive", "Proxy-Connection"}) {
      EXPECT_EQ(response.value_of(gone), "") << gone;
    }
    EXPECT_TRUE(response.has("X-Stays: 1"));
  };
  run(body(*this));
}

TEST_F(ProxyTest, TheUpstreamLearnsWhoAsksWhateverTheClientClaims) {
  route("/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(
        co_await client.send("GET / HTTP/1.1\r\nHost: Shop.test:8080\r\n"
                             "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Real-IP: 3.3.3.3\r\n"
                             "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
                             "Forwarded: for=4.4.4.4\r\nConnection: X-Forwarded-For, X-Real-IP\r\n\r\n"));
    Talk upstream = co_await t.accept();
    auto request = co_await upstream.request();
    EXPECT_TRUE(request.has("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 127.0.0.1")) << request.head;
    EXPECT_TRUE(request.has("X-Real-IP: 127.0.0.1"));
    EXPECT_TRUE(request.has("X-Forwarded-Proto: http"));
    EXPECT_TRUE(request.has("X-Forwarded-Host: shop.test"));
    EXPECT_TRUE(request.has(fmt::format("X-Forwarded-Port: {}", t.listener->local_address().port())));
    EXPECT_EQ(request.value_of("Forwarded"), "");
    EXPECT_EQ(request.head.find("3.3.3.3"), std::string::npos);
    EXPECT_TRUE(request.has("Host: Shop.test:8080"));
  };
  run(body(*this));
}

TEST_F(ProxyTest, ATrustedPeerIsBelieved) {
  route("/*");
  options.trusted.push_back(IpRange::parse("127.0.0.0/8").value());
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/",
                                         "X-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n"
                                         "X-Forwarded-Port: 443\r\nX-Forwarded-For:\r\n")));
    Talk upstream = co_await t.accept();
    auto request = co_await upstream.request();
    EXPECT_TRUE(request.has("X-Forwarded-Proto: https"));
    EXPECT_TRUE(request.has("X-Forwarded-Host: outer"));
    EXPECT_TRUE(request.has("X-Forwarded-Port: 443"));
    EXPECT_TRUE(request.has("X-Forwarded-For: 127.0.0.1"));
  };
  run(body(*this));
}

TEST_F(ProxyTest, TheHostForTheUpstreamFollowsPassHost) {
  route("/pass");
  route("/node", "", R"(, "pass_host": "node")");
  route("/rewrite", "", R"(, "pass_host": "rewrite", "upstream_host": "inner.test")");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/pass") + get("/node") + get("/rewrite")));
    Talk upstream = co_await t.accept();
    EXPECT_TRUE((co_await upstream.request()).has("Host: gateway.test"));
    EXPECT_TRUE(co_await upstream.send(ok("")));
    EXPECT_TRUE((co_await upstream.request()).has("Host: " + t.server.address().to_string()));
    EXPECT_TRUE(co_await upstream.send(ok("")));
    EXPECT_TRUE((co_await upstream.request()).has("Host: inner.test"));
    EXPECT_TRUE(co_await upstream.send(ok("")));
    for (int i = 0; i < 3; ++i) EXPECT_EQ((co_await client.response()).status, 200);
  };
  run(body(*this));
}

TEST_F(ProxyTest, TheLengthOfARequestIsLoggedWithItsHead) {
  route("/*");
  auto format = telemetry::AccessLogFormat::compile("$request_length", telemetry::Escape::kDefault);
  log.set_access_log(std::make_shared<const telemetry::AccessLogFormat>(std::move(format).value()),
                     [this](std::string_view line) { lines.emplace_back(line); });
  auto body = [](ProxyTest& t) -> Task<void> {
    t.loop.tasks.spawn(t.echo());
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(post("/", "12345")));
    co_await client.response();
    EXPECT_THAT(t.lines, ElementsAre(std::to_string(post("/", "12345").size())));
  };
  run(body(*this));
}

struct SlowLog : ProxyTest {
  SlowLog() {
    first.act = [](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
      of.log_waits = phase == Phase::kAccess || of.log_waits;
      return Verdict::proceed();
    };
    first.rest_of_log = [this] { return until_set(over); };
    route("/slow", R"("first": {})");
    route("/*");
  }
  static Task<void> until_set(async::Event& over) { co_await over; }

  async::Event over;
};

TEST_F(SlowLog, TheClientHasItsResponseAndOnlyTheLineAndTheConnectionsNextRequestWait) {
  auto body = [](SlowLog& t) -> Task<void> {
    t.loop.tasks.spawn(t.echo());
    Talk client = co_await t.ask(get("/slow") + get("/next"));
    EXPECT_EQ((co_await client.response()).body, "GET /slow ");
    Talk other = co_await t.ask(get("/other"));
    EXPECT_EQ((co_await other.response()).body, "GET /other ");
    EXPECT_THAT(t.lines, ElementsAre("/other 200 200 -"));
    t.over.set();
    EXPECT_EQ((co_await client.response()).body, "GET /next ");
  };
  run(body(*this));
  EXPECT_THAT(lines, ElementsAre("/other 200 200 -", "/slow 200 200 -", "/next 200 200 -"));
}

TEST_F(SlowLog, TheLineIsWrittenThoughTheWorkerStops) {
  auto body = [](SlowLog& t) -> Task<void> {
    t.loop.tasks.spawn(t.echo());
    Talk client = co_await t.ask(get("/slow"));
    EXPECT_EQ((co_await client.response()).status, 200);
    co_await t.loop.until([&t] { return t.first.logged == 1; });
    EXPECT_THAT(t.lines, ElementsAre());
  };
  run(body(*this));
  EXPECT_THAT(lines, ElementsAre("/slow 200 200 -"));
  EXPECT_EQ(first.filters_ended, 1);
}

TEST_F(ProxyTest, DrainingLetsWhatIsUnderWayEnd) {
  route("/known/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk idle = co_await t.connect();
    EXPECT_TRUE(co_await idle.send(get("/unknown")));
    co_await idle.response();
    Talk busy = co_await t.connect();
    EXPECT_TRUE(co_await busy.send(get("/known/busy")));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    Talk fresh = co_await t.connect();
    co_await t.loop.until([&t] { return t.proxy->connections() == 3; });
    t.listener.reset();
    t.proxy->drain();
    EXPECT_TRUE(co_await fresh.send(get("/unknown")));
    auto first = co_await fresh.response();
    EXPECT_EQ(first.line, "HTTP/1.1 404 Not Found") << "a connection that had sent nothing yet is given the time to";
    EXPECT_TRUE(first.has("Connection: close"));
    EXPECT_TRUE(co_await upstream.send(ok("late")));
    auto late = co_await busy.response();
    EXPECT_EQ(late.body, "late");
    EXPECT_TRUE(late.has("Connection: close"));
    EXPECT_EQ(co_await busy.rest(), "");
    EXPECT_EQ(co_await idle.rest(), "");
    for (Talk* client : {&idle, &busy, &fresh}) client->close();
    co_await t.all_gone();
  };
  run(body(*this));
}

TEST_F(ProxyTest, WhileDrainingARequestOnAKeptConnectionIsAnsweredAndToldToBeTheLast) {
  route("/known/*");
  auto body = [](ProxyTest& t) -> Task<void> {
    Talk between = co_await t.connect();
    EXPECT_TRUE(co_await between.send(get("/unknown")));
    EXPECT_FALSE((co_await between.response()).has("Connection: close"));
    Talk within = co_await t.connect();
    EXPECT_TRUE(co_await within.send(get("/known/within")));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"));
    EXPECT_EQ(co_await within.stream().fill(Loop::kLong), async::IoStatus::kOk);  // its head is here
    t.proxy->drain();
    EXPECT_TRUE(co_await between.send(get("/unknown")));
    EXPECT_TRUE((co_await between.response()).has("Connection: close"));
    EXPECT_TRUE(co_await upstream.send("b"));
    EXPECT_EQ((co_await within.response()).body, "ab");
    EXPECT_TRUE(co_await within.send(get("/unknown"))) << "its response said nothing of an end";
    EXPECT_TRUE((co_await within.response()).has("Connection: close"));
    between.close();
    within.close();
    co_await t.all_gone();
  };
  run(body(*this));
}

}  // namespace
}  // namespace sallyport::proxy
