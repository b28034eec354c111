// Trailers on their way through both kinds of phases: seen, changed, made and refused by plugins.

#include "proxy/trailers.h"

#include "base/log_fixture.h"
#include "proxy/proxy_fixture.h"

namespace sallyport::proxy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kPost = "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kBody = "3\r\nabc\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n";

struct TrailersTest : testing::Test, ProxyFixture {
  // The plugin "first" does `act` in `phase`.
  void on(Phase phase, std::function<Verdict(exchange::Exchange&)> act) {
    first.act = [phase, act = std::move(act)](Phase now, exchange::Exchange& of, BodyStage*) -> async::Task<Verdict> {
      if (now == phase) return act(of);
      return Verdict::proceed();
    };
    route("/*", R"("first": {})");
  }
  // "first" makes trailers with the last piece of each body.
  void make_trailers_of_both() {
    auto make = [](exchange::Exchange& of, http::Headers*& trailers) {
      trailers = &of.arena.make<http::Headers>(of.arena);
      trailers->add("X-Made", "1");
    };
    first.act = [make](Phase phase, exchange::Exchange& of, BodyStage* stage) -> async::Task<Verdict> {
      if (phase == Phase::kRequestBody && stage->is_last()) make(of, of.request_trailers);
      if (phase == Phase::kResponseBody && stage->is_last()) make(of, of.response_trailers);
      return Verdict::proceed();
    };
    route("/*", R"("first": {})");
  }
  // What reaches both ends of one exchange.
  struct Ends {
    Talk::Message request, response;
  };
  async::Task<Ends> exchange(std::string request, std::string response) {
    Talk client = co_await connect();
    EXPECT_TRUE(co_await client.send(request));
    Talk upstream = co_await accept();
    Ends ends;
    ends.request = co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(response));
    ends.response = co_await client.response();
    co_return ends;
  }
  bool was_called(std::string_view phase) const {
    return std::find(first.calls.begin(), first.calls.end(), phase) != first.calls.end();
  }
};

void remove_a_add_c(http::Headers& trailers) {
  trailers.remove("x-a");
  trailers.add("X-C", "3");
}

TEST_F(TrailersTest, PluginsChangeThoseOfBothMessages) {
  first.act = [](Phase phase, exchange::Exchange& of, BodyStage*) -> async::Task<Verdict> {
    if (phase == Phase::kRequestTrailers) remove_a_add_c(*of.request_trailers);
    if (phase == Phase::kResponseTrailers) remove_a_add_c(*of.response_trailers);
    return Verdict::proceed();
  };
  route("/*", R"("first": {})");
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Ends ends = co_await t.exchange(std::string(kPost).append(kBody), std::string(kOk).append(kBody));
    for (const Talk::Message& message : {ends.request, ends.response}) {
      EXPECT_EQ(message.body, "abc");
      EXPECT_EQ(message.trailers, "X-B: 2\r\nX-C: 3\r\n");
    }
  };
  run(body(*this));
}

TEST_F(TrailersTest, WithoutAnyTheirPhasesAreNotRun) {
  route("/*", R"("first": {})");
  auto body = [](TrailersTest& t) -> async::Task<void> {
    co_await t.exchange(std::string(kPost) + "3\r\nabc\r\n0\r\n\r\n", std::string(kOk) + "3\r\nabc\r\n0\r\n\r\n");
    co_await t.exchange(post("/1", "abc"), ok("abc"));
    EXPECT_TRUE(t.was_called("request_body"));
    EXPECT_FALSE(t.was_called("request_trailers"));
    EXPECT_FALSE(t.was_called("response_trailers"));
  };
  run(body(*this));
}

TEST_F(TrailersTest, ComeAfterTheLastPieceOfTheirBody) {
  route("/*", R"("first": {})");
  auto body = [](TrailersTest& t) -> async::Task<void> {
    co_await t.exchange(std::string(kPost).append(kBody), std::string(kOk).append(kBody));
    auto at = [&](std::string_view phase) {
      return std::find(t.first.calls.rbegin(), t.first.calls.rend(), phase).base() - t.first.calls.begin();
    };
    EXPECT_LT(at("request_body"), at("request_trailers"));
    EXPECT_LT(at("response_body"), at("response_trailers"));
    EXPECT_LT(at("response_trailers"), at("log"));
  };
  run(body(*this));
}

TEST_F(TrailersTest, RemovingAllLeavesABodyWithoutTrailers) {
  on(Phase::kRequestTrailers, [](exchange::Exchange& of) {
    of.request_trailers->clear();
    return Verdict::proceed();
  });
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Ends ends = co_await t.exchange(std::string(kPost).append(kBody), ok(""));
    EXPECT_EQ(ends.request.body, "abc");
    EXPECT_EQ(ends.request.trailers, "");
  };
  run(body(*this));
}

TEST_F(TrailersTest, ThoseThatABodyFilterMakesMakeAShortBodyChunked) {
  make_trailers_of_both();
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Ends ends = co_await t.exchange(post("/1", "abc"), ok("abc"));
    for (const Talk::Message& message : {ends.request, ends.response}) {
      EXPECT_TRUE(message.has("Transfer-Encoding: chunked"));
      EXPECT_EQ(message.value_of("Content-Length"), "");
      EXPECT_EQ(message.body, "abc");
      EXPECT_EQ(message.trailers, "X-Made: 1\r\n");
    }
    EXPECT_TRUE(t.was_called("request_trailers"));
  };
  run(body(*this));
}

// As a head that has left cannot become another one, and to chunk whatever a plugin might add to would cost all.
TEST_F(TrailersTest, ThoseThatABodyFilterMakesWhenItsLengthHasLeftAreLeftOutWithAWarning) {
  make_trailers_of_both();
  auto body = [](TrailersTest& t) -> async::Task<void> {
    log::Capture captured;
    const std::string large(300'000, 'x');
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(post("/1", large)));
    Talk upstream = co_await t.accept();
    Ends ends;
    ends.request = co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(ok(large)));
    ends.response = co_await client.response();
    for (const Talk::Message& message : {ends.request, ends.response}) {
      EXPECT_EQ(message.value_of("Content-Length"), "300000");
      EXPECT_EQ(message.body.size(), large.size());
      EXPECT_EQ(message.trailers, "");
    }
    client.close();
    upstream.close();
    co_await t.all_gone();
    EXPECT_THAT(captured.take(), ElementsAre(HasSubstr("warn route 1: trailers of the request are left out"),
                                             HasSubstr("warn route 1: trailers of the response are left out")));
  };
  run(body(*this));
}

TEST_F(TrailersTest, APluginThatGatheredTheBodyMayChangeThemBeforeTheHeadLeaves) {
  first.act = [](Phase phase, exchange::Exchange& of, BodyStage*) -> async::Task<Verdict> {
    if (phase != Phase::kAccess) co_return Verdict::proceed();
    auto whole = co_await of.whole_request_body(100);
    EXPECT_TRUE(whole && *whole == "abc");
    remove_a_add_c(*of.request_trailers);
    co_return Verdict::proceed();
  };
  route("/*", R"("first": {})");
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Ends ends = co_await t.exchange(std::string(kPost).append(kBody), ok(""));
    EXPECT_EQ(ends.request.trailers, "X-B: 2\r\nX-C: 3\r\n");
  };
  run(body(*this));
}

TEST_F(TrailersTest, ARequestIsRefusedForItsTrailers) {
  on(Phase::kRequestTrailers, [](exchange::Exchange&) { return Verdict::answer(http::Response::error(403, "no")); });
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(std::string(kPost).append(kBody)));
    EXPECT_EQ((co_await client.response()).status, 403);
  };
  run(body(*this));
}

TEST_F(TrailersTest, AResponseIsReplacedForItsTrailersWhileItsHeadHasNotLeft) {
  on(Phase::kResponseTrailers,
     [](exchange::Exchange&) { return Verdict::answer(http::Response::error(502, "no checksum")); });
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Ends ends = co_await t.exchange(get("/1"), std::string(kOk) + "0\r\nX-A: 1\r\n\r\n");
    EXPECT_EQ(ends.response.status, 502);
    EXPECT_EQ(ends.response.trailers, "");
  };
  run(body(*this));
}

TEST_F(TrailersTest, AnAnswerInTheirPhaseAfterTheHeadEndsTheConnection) {
  on(Phase::kResponseTrailers, [](exchange::Exchange&) { return Verdict::answer(http::Response::error(502, "no")); });
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send(get("/1")));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    std::string large(100'000, 'x');
    EXPECT_TRUE(co_await upstream.send(std::string(kOk) + fmt::format("{:x}\r\n{}\r\n", large.size(), large)));
    EXPECT_TRUE(co_await upstream.send("0\r\nX-A: 1\r\n\r\n"));
    auto response = co_await client.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.whole);
  };
  run(body(*this));
}

// Who got nothing at all would take the request for one that was never served, and might send it again.
TEST_F(TrailersTest, WhatHadBegunLeavesBeforeAnAnswerInTheirPhaseEndsTheConnection) {
  on(Phase::kResponseTrailers, [](exchange::Exchange&) { return Verdict::answer(http::Response::error(502, "no")); });
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Ends ends = co_await t.exchange(get("/1"), std::string(kOk) + std::string(kBody));
    EXPECT_EQ(ends.response.status, 200);
    EXPECT_FALSE(ends.response.whole);
  };
  run(body(*this));
}

TEST_F(TrailersTest, AFurtherTrySendsThemAgain) {
  on(Phase::kRequestTrailers, [](exchange::Exchange& of) {
    remove_a_add_c(*of.request_trailers);
    return Verdict::proceed();
  });
  auto body = [](TrailersTest& t) -> async::Task<void> {
    Talk client = co_await t.connect();
    EXPECT_TRUE(co_await client.send("PUT /1 HTTP/1.1\r\nHost: h\r\n\r\n"));
    Talk upstream = co_await t.accept();
    co_await upstream.request();
    EXPECT_TRUE(co_await upstream.send(ok("")));
    co_await client.response();
    // The kept connection ends when it is used again.
    EXPECT_TRUE(co_await client.send("PUT" + std::string(kPost.substr(4)).append(kBody)));
    co_await upstream.request();
    upstream.close();
    Talk again = co_await t.accept();
    auto request = co_await again.request();
    EXPECT_EQ(request.body, "abc");
    EXPECT_EQ(request.trailers, "X-B: 2\r\nX-C: 3\r\n");
    EXPECT_TRUE(co_await again.send(ok("")));
    EXPECT_EQ((co_await client.response()).status, 200);
  };
  run(body(*this));
}

}  // namespace
}  // namespace sallyport::proxy
