// Bodies on their way up: framing, invitations, limits, plugins that gather, hold, replace or refuse.

#include "proxy/request_body.h"

#include "proxy/proxy_fixture.h"

#include <set>

namespace sallyport::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kExpecting =
    "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
constexpr std::string_view kChunked = "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

struct RequestBodyTest : testing::Test, ProxyFixture {
  // The plugin "first" acts on request bodies by `act`.
  void on_body(std::function<Verdict(BodyStage&)> act) {
    first.act = [act = std::move(act)](Phase phase, exchange::Exchange&, BodyStage* stage) -> Task<Verdict> {
      if (phase == Phase::kRequestBody) return act(*stage);
      return Verdict::proceed();
    };
    route("/*", R"("first": {})");
  }
  void on_access(std::function<Task<Verdict>(exchange::Exchange&)> act) {
    first.act = [act = std::move(act)](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
      if (phase == Phase::kAccess) return act(of);
      return Verdict::proceed();
    };
    route("/*", R"("first": {})");
  }
  // What reaches the upstream of `request`.
  Task<Talk::Message> forwarded(std::string request) {
    Talk client = co_await connect();
    EXPECT_TRUE(co_await client.send(request));
    Talk upstream = co_await accept();
    auto got = co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
    co_return got;
  }
  // What the client is told about `request`, which does not reach the upstream whole.
  Task<Talk::Message> answered(std::string request) {
    Talk client = co_await connect();
    EXPECT_TRUE(co_await client.send(request));
    auto response = co_await client.response();
    client.close();
    co_await all_gone();
    co_return response;
  }
};

TEST_F(RequestBodyTest, ASmallBodyLeavesWithItsLength) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto sized = co_await t.forwarded(post("/1", "hello"));
    EXPECT_TRUE(sized.has("Content-Length: 5"));
    EXPECT_EQ(sized.body, "hello");
    auto empty = co_await t.forwarded(post("/1", ""));
    EXPECT_TRUE(empty.has("Content-Length: 0"));
    auto none = co_await t.forwarded(get("/1"));
    EXPECT_EQ(none.value_of("Content-Length"), "");
    EXPECT_EQ(none.value_of("Transfer-Encoding"), "");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ChunksGoOnAsChunksWithoutTheirExtensions) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto got = co_await t.forwarded(std::string(kChunked) + "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n");
    EXPECT_TRUE(got.has("Transfer-Encoding: chunked"));
    EXPECT_EQ(got.body, "abcde");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ALargeBodyArrivesWhole) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    std::string large;
    for (int i = 0; large.size() < 3'000'000; ++i) large += std::to_string(i) + " ";
    EXPECT_EQ((co_await t.forwarded(post("/1", large))).body, large);
    std::string chunks(kChunked);
    for (std::size_t at = 0; at < large.size(); at += 70'000) {
      std::string piece = large.substr(at, 70'000);
      chunks += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    EXPECT_EQ((co_await t.forwarded(chunks + "0\r\n\r\n")).body, large);
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AClientThatWaitsIsInvitedOnce) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kExpecting)));
    EXPECT_EQ((co_await client.response()).head, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(co_await client.send("hello"));
    Talk upstream = co_await t.accept();
    auto request = co_await upstream.request();
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.value_of("Expect"), "");
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 100 Continue\r\n\r\n" + ok("done")));
    EXPECT_EQ((co_await client.response()).body, "done");
    EXPECT_TRUE(co_await client.send(std::string(kExpecting) + "hello"));
    EXPECT_EQ((co_await upstream.request()).body, "hello");
    EXPECT_TRUE(co_await upstream.send(ok("again")));
    EXPECT_EQ((co_await client.response()).body, "again") << "it did not wait: nothing to invite";
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AnAnswerInsteadOfAnInvitationEndsTheConnection) {
  route("/other");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kExpecting)));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 404);
    EXPECT_TRUE(response.has("Connection: close")) << "whether the body comes, nobody knows";
    EXPECT_TRUE(co_await client.send("hello"));
    EXPECT_EQ(co_await client.rest(), "");
  };
  run(body(*this));
}

// Whatever time passes is too long for a rate like this one.
constexpr wire::LeastRate kFasterThanAnybody{.bytes_per_second = UINT32_MAX, .grace = Milliseconds(0)};

TEST_F(RequestBodyTest, ABodyThatTricklesIsGivenUp) {
  options.limits.request_rate = kFasterThanAnybody;
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.ask("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na");
    Talk upstream = co_await t.accept();
    const SteadyTime accepted = t.loop.reactor.now();  // by now, or a few turns later, the gateway waits for more
    co_await t.loop.until([&] { return t.loop.reactor.now() - accepted > Milliseconds(5); });
    EXPECT_TRUE(co_await client.send("b"));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 408);
    EXPECT_TRUE(response.has("Connection: close"));
    co_await t.all_gone();
    EXPECT_EQ(t.lines.back(), "/1 408 - request_body_too_slow");
    EXPECT_EQ(t.metrics.clients_cut(telemetry::Cut::kBodyTooSlow), 1u);
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AStreamOfMessagesComesAsItComes) {
  options.limits.request_rate = kFasterThanAnybody;
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client =
        co_await t.ask("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 3\r\n\r\na");
    Talk upstream = co_await t.accept();
    EXPECT_TRUE(co_await client.send("b"));
    EXPECT_TRUE(co_await client.send("c"));
    EXPECT_EQ((co_await upstream.request()).body, "abc");
    EXPECT_TRUE(co_await upstream.send(ok("done")));
    EXPECT_EQ((co_await client.response()).body, "done");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AnAnnouncedLengthOverTheLimitIsRefusedBeforeAnythingElse) {
  options.max_request_body = 4;
  route("/*", R"("first": {})");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto response = co_await t.answered(std::string(kExpecting));
    EXPECT_EQ(response.status, 413);
    EXPECT_TRUE((co_await t.answered(post("/1", "12345"))).has("Connection: close")) << "the rest is not waited for";
    EXPECT_EQ(t.lines.back(), "/1 413 - request_body_too_large");
    EXPECT_EQ(t.server.waiting(), 0u);
    EXPECT_EQ((co_await t.forwarded(post("/1", "1234"))).body, "1234");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ChunksOverTheLimitBreakTheTryOff) {
  options.max_request_body = 4;
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kChunked) + "4\r\n1234\r\n"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_TRUE(co_await client.send("1\r\n5\r\n0\r\n\r\n"));
    EXPECT_EQ((co_await client.response()).status, 413);
    EXPECT_THAT(co_await upstream.rest(), ::testing::Not(HasSubstr("\r\n0\r\n\r\n"))) << "no valid end";
    EXPECT_EQ(t.lines.back(), "/1 413 - request_body_too_large");
    EXPECT_TRUE(co_await client.send(get("/2")));
    Talk next = co_await t.accept();
    EXPECT_EQ((co_await next.request()).line, "GET /2 HTTP/1.1");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, WhatIsKnownToBeRefusedFromTheStartReachesNoUpstream) {
  options.max_request_body = 4;
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    EXPECT_EQ((co_await t.answered(std::string(kChunked) + "3\r\nabcX")).status, 400);
    EXPECT_EQ(t.lines.back(), "/1 400 - bad_request_body");
    EXPECT_EQ((co_await t.answered(std::string(kChunked) + "5\r\n12345\r\n")).status, 413);
    EXPECT_EQ(t.lines.back(), "/1 413 - request_body_too_large");
    EXPECT_EQ(t.server.waiting(), 0u);
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ABrokenBodyIs400AndNothingBehindItIsServed) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kChunked) + "3\r\nabc\r\nzz\r\n" + get("/secret")));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.value_of("Connection"), "close");
    EXPECT_EQ(co_await client.rest(), "");
    EXPECT_EQ(t.lines.size(), 1u);
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, TheEndOfACallWithoutMessagesIsToldByItself) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto call = co_await t.forwarded(
        "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_TRUE(call.has("Transfer-Encoding: chunked"));
    auto other = co_await t.forwarded(std::string(kChunked) + "0\r\n\r\n");
    EXPECT_TRUE(other.has("Content-Length: 0"));
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ABodyThatStopsComingIs408) {
  options.limits.body_piece = Milliseconds(10);
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe"));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(co_await client.rest(), "");
    EXPECT_EQ(t.lines.back(), "/1 408 - request_body_timeout");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AGatheredBodyIsForwardedAsOnePiece) {
  on_access([](exchange::Exchange& of) -> Task<Verdict> {
    auto whole = co_await of.whole_request_body(100);
    EXPECT_EQ(whole.value(), "abcde");
    EXPECT_EQ((co_await of.whole_request_body(100)).value(), "abcde");
    co_return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto got = co_await t.forwarded(std::string(kChunked) + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_TRUE(got.has("Content-Length: 5"));
    EXPECT_EQ(got.body, "abcde");

    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kExpecting)));
    EXPECT_EQ((co_await client.response()).status, 100) << "gathering invites";
    EXPECT_TRUE(co_await client.send("abcde"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ((co_await upstream.request()).body, "abcde");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, GatheringAnEmptyBodyMakesNoBody) {
  on_access([](exchange::Exchange& of) -> Task<Verdict> {
    EXPECT_EQ((co_await of.whole_request_body(100)).value(), "");
    co_return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto got = co_await t.forwarded(get("/1"));
    EXPECT_EQ(got.value_of("Content-Length"), "");
    EXPECT_EQ(got.value_of("Transfer-Encoding"), "");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ABodyTooLongToGatherIsStillForwardedWhole) {
  on_access([](exchange::Exchange& of) -> Task<Verdict> {
    auto whole = co_await of.whole_request_body(4);
    EXPECT_FALSE(whole);
    EXPECT_EQ(whole.error().code, ErrorCode::kLimit);
    co_return Verdict::proceed();  // as a plugin does that lets pass what it cannot inspect
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto chunked = co_await t.forwarded(std::string(kChunked) + "3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.body, "abcdefg");
    auto sized = co_await t.forwarded(post("/1", "abcdefg"));
    EXPECT_EQ(sized.body, "abcdefg");
    EXPECT_TRUE(sized.has("Content-Length: 7"));
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ABodyThatHasGoneOnCannotBeGathered) {
  first.act = [](Phase phase, exchange::Exchange& of, BodyStage*) -> Task<Verdict> {
    if (phase != Phase::kRequestBody && phase != Phase::kResponseHeaders) co_return Verdict::proceed();
    auto whole = co_await of.whole_request_body(100);
    EXPECT_FALSE(whole);
    co_return Verdict::proceed();
  };
  route("/*", R"("first": {})");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    EXPECT_EQ((co_await t.forwarded(post("/1", "abc"))).body, "abc");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AStageMayReplaceTheWholeBody) {
  first.edits_request_body = true;
  on_body([](BodyStage& stage) {
    if (stage.is_last()) {
      stage.replace("<" + stage.held() + std::string(stage.arrived()) + ">");
    } else {
      EXPECT_TRUE(stage.hold());
    }
    return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto sized = co_await t.forwarded(post("/1", "abc"));
    EXPECT_EQ(sized.body, "<abc>");
    EXPECT_TRUE(sized.has("Content-Length: 5"));
    auto chunked = co_await t.forwarded(std::string(kChunked) + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.body, "<abcde>");
    std::string large(100'000, 'x');
    EXPECT_EQ((co_await t.forwarded(post("/1", large))).body, "<" + large + ">");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AStageThatEditsPieceByPieceMakesChunks) {
  first.edits_request_body = true;
  on_body([](BodyStage& stage) {
    if (!stage.arrived().empty()) stage.replace("*");
    return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_TRUE(co_await client.send("def"));
    auto request = co_await upstream.request();
    EXPECT_TRUE(request.has("Transfer-Encoding: chunked"));
    EXPECT_EQ(request.body, "**");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AStageMayDropEverything) {
  first.edits_request_body = true;
  on_body([](BodyStage& stage) {
    stage.drop();
    return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto got = co_await t.forwarded(post("/1", "abc"));
    EXPECT_EQ(got.body, "");
    EXPECT_TRUE(got.has("Content-Length: 0"));
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AStageThatChangesALengthItDidNotSayItWouldIsAFault) {
  on_body([](BodyStage& stage) {
    if (!stage.arrived().empty() && !stage.is_last()) stage.drop();
    return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_TRUE(co_await client.send("abc"));
    co_await t.loop.until([&t] { return t.first.calls.back() == "request_body"; });
    EXPECT_TRUE(co_await client.send("def"));
    EXPECT_EQ((co_await client.response()).status, 500) << "at once, not when the upstream has lost patience";
    EXPECT_FALSE((co_await upstream.request()).whole);
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AStageThatHoldsTooMuchIs413) {
  options.plugin_bodies.request = 10;
  on_body([](BodyStage& stage) {
    if (!stage.is_last()) static_cast<void>(stage.hold());
    return Verdict::proceed();
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    auto response = co_await t.answered(std::string(kChunked) + "b\r\n01234567890\r\n");
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(t.lines.back(), "/1 413 - plugin:first");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, WhatAPluginDecidesAboutABodyCountsMoreThanAnEarlyResponse) {
  on_body([](BodyStage& stage) {
    if (!stage.is_last()) return Verdict::proceed();
    return Verdict::answer(http::Response::text(403, "this body is not allowed"));
  });
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kChunked) + "3\r\nabc\r\n"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_TRUE(co_await client.send("0\r\n\r\n"));  // both arrive in one turn of the loop
    EXPECT_TRUE(co_await upstream.send(ok("early")));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.body, "this body is not allowed");
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, ASlowUpstreamSlowsItsClientDown) {
  route("/*");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    static constexpr std::size_t kBody = 64 << 20;
    Talk client = co_await t.connect();
    const std::string piece(1 << 20, 'x');
    async::TaskGroup sending;
    auto send_all = [](Talk& from, const std::string& each) -> Task<void> {
      co_await from.send(fmt::format("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", kBody));
      for (std::size_t sent = 0; sent < kBody; sent += each.size()) {
        if (!co_await from.send(each)) co_return;
      }
    };
    sending.spawn(send_all(client, piece));
    Talk upstream = co_await t.accept();  // reads nothing
    std::uint64_t before = 1;
    while (client.stream().sent_bytes() != before) {
      before = client.stream().sent_bytes();
      co_await t.loop.reactor.sleep(Milliseconds(10));
    }
    EXPECT_LT(before, kBody / 2) << "what sockets hold, and no more";
    sending.cancel_all();
    client.reset();
    co_await t.all_gone();
    EXPECT_EQ(t.lines.size(), 1u);
  };
  run(body(*this));
}

TEST_F(RequestBodyTest, AClientThatGoesInTheMiddleEndsTheTry) {
  route("/*", R"("first": {})");
  auto body = [](RequestBodyTest& t) -> Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe"));
    Talk upstream = co_await t.accept();
    EXPECT_EQ(co_await upstream.stream().fill(Loop::kLong), async::IoStatus::kOk);
    client.reset();
    EXPECT_FALSE((co_await upstream.request()).whole);
    co_await t.all_gone();
    EXPECT_EQ(t.first.logged, 1);
    EXPECT_EQ(t.first.filters_ended, 1);
    EXPECT_EQ(t.lines.size(), 1u);
    EXPECT_THAT(t.lines.back(), HasSubstr("client_closed"));
  };
  run(body(*this));
}

}  // namespace
}  // namespace sallyport::proxy
