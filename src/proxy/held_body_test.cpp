// Pieces that a plugin holds in the middle of a body and lets go on while nothing more comes; in both directions, and
// when the exchange ends meanwhile.

#include "proxy/next_piece.h"
#include "proxy/proxy_fixture.h"

#include <memory>

namespace sallyport::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kChunked = "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kChunkedOk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kEnd = "0\r\n\r\n";

std::string chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

struct HeldBodyTest : testing::Test, ProxyFixture {
  // One direction as the plugin "first" treats it: it holds every piece but the last until it is let go.
  struct Direction {
    BodyStage* stage = nullptr;
    int calls = 0;
    bool holds = true;
    std::optional<Verdict> verdict = std::nullopt;  // in place of letting go

    Verdict act(BodyStage& its_stage) {
      stage = &its_stage;
      ++calls;
      if (verdict) return std::move(*verdict);
      if (holds && !its_stage.is_last()) its_stage.hold();
      return Verdict::proceed();
    }
    void let_go() {
      holds = false;
      stage->resume();
    }
    void end_with(Verdict how) {
      verdict = std::move(how);
      stage->resume();
    }
  };

  HeldBodyTest() {
    first.act = [this](Phase phase, exchange::Exchange&, BodyStage* stage) -> Task<Verdict> {
      if (phase == Phase::kRequestBody) return up.act(*stage);
      if (phase == Phase::kResponseBody) return down.act(*stage);
      return Verdict::proceed();
    };
    route("/*", R"("first": {})");
  }

  Task<void> held(Direction& direction, int calls) {
    co_await loop.until([&direction, calls] { return direction.calls >= calls; });
  }
  // Reads on until `text` has come, and takes everything away with it.
  static Task<void> expect(Talk& end, std::string text) {
    while (end.stream().unread().find(text) == std::string_view::npos) {
      EXPECT_EQ(co_await end.stream().fill(Loop::kLong), async::IoStatus::kOk) << end.stream().unread();
    }
    end.stream().consume(end.stream().unread().size());
  }
  // A request whose body is held after "one".
  Task<std::pair<Talk, Talk>> held_request() {
    Talk client = co_await connect();
    EXPECT_TRUE(co_await client.send(std::string(kChunked) + chunk("one")));
    Talk upstream = co_await accept();
    co_await expect(upstream, "\r\n\r\n");
    co_await held(up, 1);
    co_return std::pair(std::move(client), std::move(upstream));
  }
  // A response whose body is held after "one".
  Task<std::pair<Talk, Talk>> held_response(std::string response = std::string(kChunkedOk) + chunk("one")) {
    Talk client = co_await connect();
    EXPECT_TRUE(co_await client.send(get("/1")));
    Talk upstream = co_await accept();
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(response));
    co_await held(down, 1);
    co_return std::pair(std::move(client), std::move(upstream));
  }
  // A response of which "one" has gone on and "two" is held.
  Task<std::pair<Talk, Talk>> response_held_again() {
    auto [client, upstream] = co_await held_response();
    down.let_go();
    co_await expect(client, chunk("one"));
    down.holds = true;
    EXPECT_TRUE(co_await upstream.send(chunk("two")));
    co_await held(down, 3);
    co_return std::pair(std::move(client), std::move(upstream));
  }

  Direction up, down;
};

TEST_F(HeldBodyTest, OfARequestGoesOnThoughTheClientSendsNoMore) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.held_request();
    t.up.let_go();
    co_await expect(upstream, chunk("one"));
    EXPECT_TRUE(co_await client.send(chunk("two") + std::string(kEnd)));
    co_await expect(upstream, chunk("two"));
    EXPECT_TRUE(co_await upstream.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
    EXPECT_EQ(t.up.calls, 4) << "two pieces, the end, and once for the resumption";
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, OfAResponseGoesOnThoughTheUpstreamSendsNoMore) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.held_response();
    t.down.let_go();
    co_await expect(client, "\r\n\r\n" + chunk("one"));
    EXPECT_TRUE(co_await upstream.send(chunk("two") + std::string(kEnd)));
    co_await expect(client, chunk("two") + std::string(kEnd));
    EXPECT_TRUE(co_await client.send(get("/2"))) << "both connections carry another exchange";
    EXPECT_EQ((co_await upstream.request()).line, "GET /2 HTTP/1.1");
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, MayBeHeldAgainAndGoOnAgain) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.response_held_again();
    t.down.stage->resume();
    EXPECT_EQ(t.down.calls, 4) << "it was called, and still holds";
    EXPECT_TRUE(co_await upstream.send(chunk("three")));
    co_await t.held(t.down, 5);
    t.down.let_go();
    co_await expect(client, chunk("twothree"));
    EXPECT_TRUE(co_await upstream.send(std::string(kEnd)));
    co_await expect(client, std::string(kEnd));
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, OfARequestGoesOnInAFurtherTry) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    for (bool between : {false, true}) {
      t.up = {};
      Talk client = co_await t.connect();
      EXPECT_TRUE(co_await client.send(get("/1")));
      Talk kept = co_await t.accept();
      co_await kept.request();
      EXPECT_TRUE(co_await kept.send(ok("")));
      co_await client.response();
      EXPECT_TRUE(co_await client.send("PUT" + std::string(kChunked.substr(4)) + chunk("one")));
      co_await expect(kept, "\r\n\r\n");
      co_await t.held(t.up, 1);
      kept.close();
      if (between) t.up.let_go();
      Talk upstream = co_await t.accept();
      co_await expect(upstream, between ? chunk("one") : "\r\n\r\n");
      if (!between) t.up.let_go();
      if (!between) co_await expect(upstream, chunk("one"));
      EXPECT_TRUE(co_await client.send(chunk("two") + std::string(kEnd)));
      co_await expect(upstream, chunk("two") + std::string(kEnd));
      EXPECT_TRUE(co_await upstream.send(ok("")));
      EXPECT_EQ((co_await client.response()).status, 200);
      t.pool.clear();
    }
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, MeetsItsEndInEitherOrder) {
  for (bool end_first : {true, false}) {
    auto body = [](HeldBodyTest& t, bool ends_first) -> Task<void> {
      t.down = {};
      auto [client, upstream] = co_await t.held_response();
      if (!ends_first) t.down.let_go();
      EXPECT_TRUE(co_await upstream.send(std::string(kEnd)));
      if (ends_first && t.down.calls == 1) t.down.let_go();
      EXPECT_EQ((co_await client.response()).body, "one");
      t.pool.clear();
    };
    run(body(*this, end_first));
  }
}

TEST_F(HeldBodyTest, IsHeldInBothDirectionsAndGoesOnInEitherOrder) {
  for (bool request_first : {true, false}) {
    auto body = [](HeldBodyTest& t, bool up_first) -> Task<void> {
      t.up = {}, t.down = {};
      auto [client, upstream] = co_await t.held_request();
      EXPECT_TRUE(co_await upstream.send(std::string(kChunkedOk) + chunk("answer")));
      co_await t.held(t.down, 1);
      (up_first ? t.up : t.down).let_go();
      co_await (up_first ? expect(upstream, chunk("one")) : expect(client, chunk("answer")));
      (up_first ? t.down : t.up).let_go();
      co_await (up_first ? expect(client, chunk("answer")) : expect(upstream, chunk("one")));
      EXPECT_TRUE(co_await client.send(chunk("two") + std::string(kEnd)));
      co_await expect(upstream, chunk("two") + std::string(kEnd));
      EXPECT_TRUE(co_await upstream.send(std::string(kEnd)));
      co_await expect(client, std::string(kEnd));
      t.pool.clear();
    };
    run(body(*this, request_first));
  }
}

TEST_F(HeldBodyTest, OfARequestMayEndInAnAnswer) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.held_request();
    t.up.end_with(Verdict::answer(http::Response::error(403, "no")));
    EXPECT_EQ((co_await client.response()).status, 403);
    EXPECT_THAT(co_await upstream.rest(), Not(HasSubstr(kEnd))) << "no valid end";
    EXPECT_EQ(t.lines.back(), "/1 403 - plugin:first");
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, OfARequestMayEndInAnAnswerWhileTheResponseIsAwaited) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.held_request();
    EXPECT_TRUE(co_await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    co_await t.loop.until([&t] { return std::ranges::find(t.first.calls, "response_headers") != t.first.calls.end(); });
    t.up.end_with(Verdict::answer(http::Response::error(403, "no")));
    EXPECT_EQ((co_await client.response()).status, 403);
    co_await upstream.rest();
    EXPECT_EQ(t.lines.back(), "/1 403 200 plugin:first");
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, OfAResponseMayEndInAnAnswerBeforeItsHeadHasLeft) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.held_response("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
    t.down.end_with(Verdict::answer(http::Response::error(502, "no")));
    EXPECT_EQ((co_await client.response()).status, 502);
    co_await upstream.rest();
    EXPECT_EQ(t.lines.back(), "/1 502 200 plugin:first");
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, OfAResponseIsBrokenOffByAnAnswerAfterItsHeadHasLeft) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.response_held_again();
    t.down.end_with(Verdict::answer(http::Response::error(502, "no")));
    EXPECT_EQ(co_await client.rest(), "");
    co_await upstream.rest();
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, EndsWithItsClient) {
  for (bool resumes : {false, true}) {
    auto body = [](HeldBodyTest& t, bool and_goes_on) -> Task<void> {
      t.up = {}, t.down = {};
      auto [client, upstream] = co_await t.held_response();
      client.reset();
      if (and_goes_on) t.down.let_go();
      EXPECT_THAT(co_await upstream.rest(), Not(HasSubstr(kEnd)));
      co_await t.all_gone();
      auto [sender, receiver] = co_await t.held_request();
      sender.reset();
      if (and_goes_on) t.up.let_go();
      EXPECT_THAT(co_await receiver.rest(), Not(HasSubstr(kEnd)));
      co_await t.all_gone();
      EXPECT_EQ(t.first.filters_made, t.first.filters_ended);
    };
    run(body(*this, resumes));
  }
}

TEST_F(HeldBodyTest, EndsWithItsUpstream) {
  for (bool resumes : {false, true}) {
    auto body = [](HeldBodyTest& t, bool and_goes_on) -> Task<void> {
      t.up = {}, t.down = {};
      auto [client, upstream] = co_await t.held_response();
      upstream.reset();
      if (and_goes_on) t.down.let_go();
      auto response = co_await client.response();
      EXPECT_EQ(response.status, and_goes_on ? 200 : 502);
      EXPECT_EQ(response.whole, !and_goes_on);
      client.close();
      auto [sender, receiver] = co_await t.held_request();
      receiver.reset();
      if (and_goes_on) t.up.let_go();
      EXPECT_EQ((co_await sender.response()).status, 502);
      sender.close();
      co_await t.all_gone();
      EXPECT_EQ(t.first.filters_made, t.first.filters_ended);
    };
    run(body(*this, resumes));
  }
}

TEST_F(HeldBodyTest, EndsWithTheTimeOfTheReadWhichBeginsAnewWhenItGoesOn) {
  options.limits.body_piece = Milliseconds(10);
  auto body = [](HeldBodyTest& t) -> Task<void> {
    for (bool resumes : {false, true}) {
      t.up = {};
      auto [client, upstream] = co_await t.held_request();
      if (resumes) t.up.let_go();
      EXPECT_EQ((co_await client.response()).status, 408);
      co_await upstream.rest();
    }
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, GoesOnWhileTheGatewayEnds) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto [client, upstream] = co_await t.held_response();
    t.proxy->drain();
    t.down.let_go();
    co_await expect(client, chunk("one"));
    EXPECT_TRUE(co_await upstream.send(std::string(kEnd)));
    EXPECT_EQ(co_await client.rest(), kEnd);
    client.close();
    co_await t.all_gone();
  };
  run(body(*this));
}

TEST_F(HeldBodyTest, EndsWhereTheGatewayStops) {
  auto body = [](HeldBodyTest& t) -> Task<void> {
    auto both = co_await t.held_response();
    auto others = co_await t.held_request();
    t.proxy->stop();
    EXPECT_EQ(t.first.filters_made, t.first.filters_ended);
  };
  run(body(*this));
}

// Holds every piece of a long body; a message lets it go on a turn later, unless the next piece has come first.
TEST_F(HeldBodyTest, ALongBodyArrivesWholeInPiecesThatAreAllHeld) {
  std::shared_ptr<BodyStage*> held;  // as long as there is something to resume
  first.act = [&](Phase phase, exchange::Exchange&, BodyStage* stage) -> Task<Verdict> {
    if (phase != Phase::kRequestBody && phase != Phase::kResponseBody) return Verdict::proceed();
    held.reset();
    if (stage->is_last() || stage->arrived().empty()) return Verdict::proceed();
    stage->release();
    EXPECT_TRUE(stage->hold());
    held = std::make_shared<BodyStage*>(stage);
    loop.reactor.post([weak = std::weak_ptr(held)] {
      if (auto one = weak.lock()) (*one)->resume();
    });
    return Verdict::proceed();
  };
  auto body = [](HeldBodyTest& t) -> Task<void> {
    std::string large;
    for (int i = 0; large.size() < 1'000'000; ++i) large += std::to_string(i) + " ";
    Talk client = co_await t.connect();
    async::Running<bool> sending(client.send(post("/1", large)));
    Talk upstream = co_await t.accept();
    EXPECT_EQ((co_await upstream.request()).body, large);
    async::Running<bool> answering(upstream.send(ok(large)));
    EXPECT_EQ((co_await client.response()).body, large);
  };
  run(body(*this));
}

}  // namespace
}  // namespace sallyport::proxy
