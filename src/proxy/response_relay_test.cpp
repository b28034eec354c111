// Responses on their way down: streams, framing after what plugins changed, stages that hold, replace or drop.

#include "proxy/response_relay.h"

#include "proxy/proxy_fixture.h"

namespace sallyport::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct ResponseRelayTest : testing::Test, ProxyFixture {
  // The plugin "first" acts on response bodies by `act`.
  void on_body(std::function<Verdict(BodyStage&)> act) {
    first.act = [act = std::move(act)](Phase phase, exchange::Exchange&, BodyStage* stage) -> Task<Verdict> {
      if (phase == Phase::kResponseBody) return act(*stage);
      return Verdict::proceed();
    };
    route("/*", R"("first": {})");
  }
  void at(Phase when, std::function<Verdict(exchange::Exchange&)> act) {
    first.act = [when, act = std::move(act)](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
      if (phase == when) return act(of);
      return Verdict::proceed();
    };
    route("/*", R"("first": {}, "second": {})");
  }
  // The response to `request` when the upstream says `reply`; the connection must carry another exchange after it.
  Task<Talk::Message> relayed(std::string request, std::string reply, std::string method = "GET") {
    Talk client = co_await ask(request);
    Talk upstream = co_await answer(reply);
    auto response = co_await client.response(method);
    EXPECT_TRUE(response.whole);
    pool.clear();
    EXPECT_TRUE(co_await client.send("HEAD /again HTTP/1.1\r\nHost: h\r\n\r\n"));
    Talk next = co_await accept();
    EXPECT_THAT((co_await next.request()).line, HasSubstr(" /again HTTP/1.1"));
    EXPECT_TRUE(co_await next.send("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_NE((co_await client.response("HEAD")).status, 0);
    pool.clear();
    co_return response;
  }
};

Verdict replace_whole(BodyStage& stage) {
  if (!stage.is_last()) {
    EXPECT_TRUE(stage.hold());
  } else {
    stage.replace("<" + stage.held() + std::string(stage.arrived()) + ">");
  }
  return Verdict::proceed();
}

Task<void> expect_next(Talk& client, std::string_view text) {
  while (client.stream().unread().size() < text.size()) {
    EXPECT_EQ(co_await client.stream().fill(Loop::kLong), async::IoStatus::kOk);
  }
  EXPECT_EQ(client.stream().unread(), text);
  client.stream().consume(client.stream().unread().size());
}

TEST_F(ResponseRelayTest, EventsReachTheirReaderOneByOne) {
  route("/*");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/events"));
    Talk upstream = co_await t.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-End: 1\r\n\r\n");
    while (client.stream().unread().find("\r\n\r\n") == std::string_view::npos) {
      EXPECT_EQ(co_await client.stream().fill(Loop::kLong), async::IoStatus::kOk) << "the head comes before an event";
    }
    client.stream().consume(client.stream().unread().size());
    for (std::string_view event : {"5\r\none\n\n\r\n", "5\r\ntwo\n\n\r\n"}) {
      EXPECT_TRUE(co_await upstream.send(std::string(event)));
      co_await expect_next(client, event);
    }
    EXPECT_TRUE(co_await upstream.send("7\r\nthree\n\n\r\n5\r\nfo"));  // an event and the beginning of another
    co_await expect_next(client, "7\r\nthree\n\n\r\n2\r\nfo\r\n");
    EXPECT_TRUE(co_await upstream.send("ur\n\r\n0\r\n\r\n"));
    co_await expect_next(client, "3\r\nur\n\r\n0\r\n\r\n");
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, PiecesOfASizedBodyLeaveAsTheyCome) {
  route("/*");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk upstream = co_await t.answer("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
    EXPECT_TRUE(co_await client.has_come("\r\n\r\nhalf"));
    EXPECT_TRUE(co_await upstream.send("done"));
    EXPECT_TRUE(co_await client.has_come("\r\n\r\nhalfdone"));
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, LargeBodiesArriveWholeInEveryFraming) {
  route("/*");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    std::string large;
    for (int i = 0; large.size() < 2'000'000; ++i) large += std::to_string(i) + " ";
    EXPECT_EQ((co_await t.relayed(get("/1"), ok(large))).body, large);
    std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < large.size(); at += 33'333) {
      std::string piece = large.substr(at, 33'333);
      chunks += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    EXPECT_EQ((co_await t.relayed(get("/1"), chunks + "0\r\n\r\n")).body, large);
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AResponseMadeEmptyOrFullByItsStatusIsFramedByIt) {
  int status = 0;
  at(Phase::kResponseHeaders, [&status](exchange::Exchange& of) {
    of.response.status = status;
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t, int& to) -> Task<void> {
    to = 204;
    auto emptied = co_await t.relayed(get("/1"), ok("hello"));
    EXPECT_EQ(emptied.status, 204);
    EXPECT_EQ(emptied.value_of("Content-Length"), "");
    to = 200;
    auto filled = co_await t.relayed(get("/1"), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(filled.status, 200);
    EXPECT_TRUE(filled.has("Content-Length: 0")) << "without it the client would wait for the end of the connection";
    auto from_304 = co_await t.relayed(get("/1"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    EXPECT_TRUE(from_304.has("Content-Length: 0"))
        << "what is announced and does not come would take the next response";
    for (int invalid : {0, 100, 101, 199, 600, 1000, -1}) {
      to = invalid;
      EXPECT_EQ((co_await t.relayed(get("/1"), ok("hello"))).status, 500) << invalid;
    }
  };
  run(body(*this, status));
}

TEST_F(ResponseRelayTest, AMethodChangedOnTheWayUpDoesNotConfuseTheFramingDown) {
  std::string_view method;
  at(Phase::kRewrite, [&method](exchange::Exchange& of) {
    of.request.method = method;
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t, std::string_view& to) -> Task<void> {
    to = "HEAD";
    auto got = co_await t.relayed(get("/1"), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    EXPECT_TRUE(got.has("Content-Length: 0"));
    to = "GET";
    auto head = co_await t.relayed("HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n", ok("hello"), "HEAD");
    EXPECT_EQ(head.status, 200);
  };
  run(body(*this, method));
}

TEST_F(ResponseRelayTest, AStageMayReplaceTheWholeBody) {
  first.edits_response_body = true;
  on_body(replace_whole);
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto sized = co_await t.relayed(get("/1"), ok("hello"));
    EXPECT_EQ(sized.body, "<hello>");
    EXPECT_TRUE(sized.has("Content-Length: 7"));
    auto empty = co_await t.relayed(get("/1"), ok(""));
    EXPECT_EQ(empty.body, "<>");
    auto chunked = co_await t.relayed(
        get("/1"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.body, "<abcde>");
    EXPECT_EQ(chunked.value_of("Transfer-Encoding"), "");
    std::string large(200'000, 'x');
    EXPECT_EQ((co_await t.relayed(get("/1"), ok(large))).body, "<" + large + ">");
    auto head = co_await t.relayed("HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n",
                                   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD");
    EXPECT_EQ(head.value_of("Content-Length"), "") << "not that of the body before the edit";
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AStageMayEditPieceByPieceOrDropEverything) {
  first.edits_response_body = true;
  bool drops = false;
  on_body([&drops](BodyStage& stage) {
    if (drops) {
      stage.drop();
    } else if (!stage.arrived().empty()) {
      stage.replace("*");
    }
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t, bool& drop) -> Task<void> {
    auto pieces = co_await t.relayed(
        get("/1"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(pieces.body, "**");
    EXPECT_TRUE(pieces.has("Transfer-Encoding: chunked"));
    drop = true;
    auto nothing = co_await t.relayed(get("/1"), ok("hello"));
    EXPECT_EQ(nothing.body, "");
    EXPECT_TRUE(nothing.has("Content-Length: 0"));
  };
  run(body(*this, drops));
}

TEST_F(ResponseRelayTest, AStageThatChangesALengthItDidNotSayItWouldEndsTheConnection) {
  on_body([](BodyStage& stage) {
    stage.replace("something longer than it was");
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk upstream = co_await t.answer(ok("hello"));
    EXPECT_FALSE((co_await client.response()).whole);
    EXPECT_EQ(co_await client.rest(), "");
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AStageThatHoldsTooMuchIs500WhileTheHeadHasNotLeft) {
  options.plugin_bodies.response = 10;
  first.edits_response_body = true;
  on_body([](BodyStage& stage) {
    static_cast<void>(stage.hold());
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto response = co_await t.relayed(get("/1"), ok("01234567890"));
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, Not(HasSubstr("0123")));
    EXPECT_EQ(t.lines.front(), "/1 500 200 plugin:first");
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, WhatAStageHoldsOfALostResponseIsNotMixedIntoTheAnswer) {
  first.edits_response_body = true;
  on_body([](BodyStage& stage) {
    if (!stage.is_last()) EXPECT_TRUE(stage.hold());
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1"));
    Talk upstream = co_await t.answer("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nsecret half");
    upstream.close();
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 502);
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
    EXPECT_TRUE(response.whole);
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AnAnswerInResponseHeadersReplacesTheResponseAndPassesTheFiltersBehind) {
  at(Phase::kResponseHeaders, [](exchange::Exchange& of) {
    if (of.response.status != 200) return Verdict::proceed();
    return Verdict::answer(http::Response::text(451, "replaced"));
  });
  second.act = [](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
    if (phase == Phase::kResponseHeaders) of.response.headers.add("X-Seen", std::to_string(of.response.status));
    return Verdict::proceed();
  };
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto response = co_await t.relayed(get("/1"), ok("hello", "X-Upstream: 1\r\n"));
    EXPECT_EQ(response.status, 451);
    EXPECT_EQ(response.body, "replaced");
    EXPECT_EQ(response.value_of("X-Upstream"), "");
    EXPECT_TRUE(response.has("X-Seen: 451"));
    EXPECT_TRUE(response.has("Content-Length: 8"));
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AnAnswerInResponseBodyReplacesTheResponseWhileItsHeadHasNotLeft) {
  on_body([](BodyStage& stage) {
    if (stage.arrived() != "hello") return Verdict::proceed();
    return Verdict::answer(http::Response::text(451, "replaced"));
  });
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto replaced = co_await t.relayed(get("/1"), ok("hello"));
    EXPECT_EQ(replaced.status, 451);
    EXPECT_EQ(replaced.body, "replaced");

    Talk client = co_await t.ask(get("/2"));
    Talk upstream = co_await t.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
    EXPECT_TRUE(co_await client.has_come("ok\r\n"));
    EXPECT_TRUE(co_await upstream.send("5\r\nhello\r\n0\r\n\r\n"));
    EXPECT_THAT(co_await client.rest(), Not(HasSubstr("0\r\n\r\n"))) << "too late: the response stays a fragment";
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AnUpgradeThatAReplacedResponseOfferedIsNotOffered) {
  at(Phase::kResponseHeaders, [](exchange::Exchange& of) {
    if (of.response.status != 426) return Verdict::proceed();
    return Verdict::answer(http::Response::text(403, "no"));
  });
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto response = co_await t.relayed(
        get("/1"),
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.value_of("Upgrade"), "");
    EXPECT_EQ(response.value_of("Connection"), "");
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, TheUpstreamsStatusIsShownForServerErrors) {
  route("/*");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto failed = co_await t.relayed(get("/1"), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(failed.has("X-APISIX-Upstream-Status: 503"));
    auto good = co_await t.relayed(get("/1"), ok(""));
    EXPECT_EQ(good.value_of("X-APISIX-Upstream-Status"), "");
    t.options.always_show_upstream_status = true;
    auto shown = co_await t.relayed(get("/1"), ok(""));
    EXPECT_TRUE(shown.has("X-APISIX-Upstream-Status: 200"));
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, FieldsOfPluginsCannotSplitAResponse) {
  at(Phase::kResponseHeaders, [](exchange::Exchange& of) {
    of.response.headers.add("X-Split", "a\r\nX-Injected: 1");
    of.response.headers.add("X Name", "1");
    of.response.headers.add("Transfer-Encoding", "chunked");
    of.response.headers.add("Content-Length", "99");
    return Verdict::proceed();
  });
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    auto response = co_await t.relayed(get("/1"), ok("hello"));
    EXPECT_EQ(response.head.find("Injected"), std::string::npos);
    EXPECT_TRUE(response.has("Content-Length: 5"));
    EXPECT_EQ(response.body, "hello");
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, ASlowClientSlowsItsUpstreamDown) {
  route("/*");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    static constexpr std::size_t kBody = 64 << 20;
    Talk client = co_await t.ask(get("/1"));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    const std::string piece(1 << 20, 'x');
    async::TaskGroup sending;
    auto send_all = [](Talk& from, const std::string& each) -> Task<void> {
      co_await from.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kBody));
      for (std::size_t sent = 0; sent < kBody; sent += each.size()) {
        if (!co_await from.send(each)) co_return;
      }
    };
    sending.spawn(send_all(upstream, piece));
    std::uint64_t before = 1;
    while (upstream.stream().sent_bytes() != before) {
      before = upstream.stream().sent_bytes();
      co_await t.loop.reactor.sleep(Milliseconds(10));
    }
    EXPECT_LT(before, kBody / 2) << "what sockets hold, and no more";
    client.reset();
    co_await t.all_gone();
    EXPECT_EQ(t.lines.back(), "/1 200 200 client_closed");
    sending.cancel_all();
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, AClientThatTakesNothingInTimeIsGivenUp) {
  options.limits.send = Milliseconds(20);
  route("/*");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    Talk client = co_await t.ask(get("/1") + get("/2"));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    const std::string large(16 << 20, 'x');
    co_await upstream.send(ok(large));
    co_await t.all_gone();
    EXPECT_THAT(t.lines, ::testing::ElementsAre("/1 200 200 client_timeout"))
        << "no second response behind a fragment of the first";
  };
  run(body(*this));
}

TEST_F(ResponseRelayTest, FiltersSeeTheLengthOfAnAnswerInsteadOfTheUpstreams) {
  std::vector<http::BodyLength> seen;
  first.act = [&seen](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
    if (phase != Phase::kResponseHeaders) return Verdict::proceed();
    seen.push_back(of.response.body);
    return Verdict::answer(http::Response::text(403, "no entry"));
  };
  second.act = [&seen](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
    if (phase == Phase::kResponseHeaders) seen.push_back(of.response.body);
    return Verdict::proceed();
  };
  route("/*", R"("first": {}, "second": {})");
  auto body = [](ResponseRelayTest& t) -> Task<void> {
    EXPECT_EQ((co_await t.relayed(get("/1"), ok("hello"))).body, "no entry");
  };
  run(body(*this));
  ASSERT_GE(seen.size(), 2u);
  EXPECT_EQ(seen[0], http::BodyLength::sized(5));
  EXPECT_EQ(seen[1], http::BodyLength::sized(8));
}

}  // namespace
}  // namespace sallyport::proxy
