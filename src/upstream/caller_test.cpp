#include "upstream/caller.h"

#include "async/loop_fixture.h"
#include "upstream/balancer_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::upstream {
namespace {

using async::Loop;
using async::StreamPtr;
using http::CallFailure;
using http::CallResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

struct CallerTest : testing::Test {
  Loop loop;
  async::LoopbackServer server{loop.reactor};
  async::LoopbackServer other{loop.reactor};
  ScriptedResolver resolver;
  SystemClock clock;
  Balancer balancer{loop.reactor, resolver, {}};
  ConnectionPool pool{loop.reactor};
  Caller caller{loop.reactor, balancer, pool, clock};
  std::optional<CallResult> result;

  ClusterPtr to_server() const { return BalancerFixture::cluster(NodeWords()(server.address().to_string())); }
  ClusterPtr to_both() const {
    return BalancerFixture::cluster(NodeWords()(server.address().to_string())(other.address().to_string()));
  }
  static http::CallRequest get(std::string target = "/a") {
    http::CallRequest request;
    request.method = "GET";
    request.target = std::move(target);
    request.authority = "auth.test";
    return request;
  }
  static http::CallRequest post(std::string body) {
    http::CallRequest request = get();
    request.method = "POST";
    request.body = std::move(body);
    return request;
  }
  void start(ClusterPtr cluster, http::CallRequest request, CallLimits limits = {}) {
    result.reset();
    loop.tasks.spawn(keep(std::move(cluster), std::move(request), limits));
  }
  Task<void> keep(ClusterPtr cluster, http::CallRequest request, CallLimits limits) {
    result = co_await caller.call(std::move(cluster), std::move(request), limits);
  }
  Task<void> ended() {
    return loop.until([this] { return result.has_value(); });
  }
  // What arrived there until it ends with `end`.
  static Task<std::string> receive(async::Stream& stream, std::string end = "\r\n\r\n") {
    while (!stream.unread().ends_with(end)) {
      if (co_await stream.fill(Loop::kLong) != async::IoStatus::kOk) break;
    }
    std::string text(stream.unread());
    stream.consume(text.size());
    co_return text;
  }
  // The far end of a connection to `server` that waits for another call.
  Task<StreamPtr> kept_connection() {
    start(to_server(), get());
    StreamPtr far_end = co_await server.accept();
    co_await receive(*far_end);
    co_await send(*far_end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await ended();
    co_return far_end;
  }
  static Task<void> send(async::Stream& stream, std::string text) {
    EXPECT_EQ(co_await stream.send(text, Loop::kLong), async::IoStatus::kOk);
  }
};

TEST_F(CallerTest, ARequestIsSentAndItsAnswerCollected) {
  auto body = [](CallerTest& t) -> Task<void> {
    http::CallRequest request = t.post("ask");
    request.target = "/check?a=b";
    request.headers = {{"x-one", "1"}};
    t.start(t.to_server(), std::move(request));
    StreamPtr far_end = co_await t.server.accept();
    EXPECT_EQ(co_await t.receive(*far_end, "ask"),
              "POST /check?a=b HTTP/1.1\r\nHost: auth.test\r\nx-one: 1\r\nContent-Length: 3\r\n\r\nask");
    co_await t.send(*far_end, "HTTP/1.1 201 Created\r\nX-Two: 2\r\nContent-Length: 6\r\n\r\nans");
    co_await t.send(*far_end, "wer");
    co_await t.ended();
    EXPECT_EQ((*t.result)->status, 201);
    EXPECT_THAT((*t.result)->headers, ElementsAre(Pair("X-Two", "2"), Pair("content-length", "6")));
    EXPECT_EQ((*t.result)->body, "answer");
    EXPECT_EQ(t.pool.idle(), 1u);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, WithoutAnAuthorityTheHostIsThatOfTheNode) {
  auto body = [](CallerTest& t) -> Task<void> {
    http::CallRequest request = t.get();
    request.authority.clear();
    t.start(t.to_server(), std::move(request));
    StreamPtr far_end = co_await t.server.accept();
    EXPECT_EQ(co_await t.receive(*far_end), "GET /a HTTP/1.1\r\nHost: " + t.server.address().to_string() + "\r\n\r\n");
    co_await t.send(*far_end, "HTTP/1.1 204 No Content\r\n\r\n");
    co_await t.ended();
    EXPECT_EQ((*t.result)->status, 204);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AnAddressThatRefusesIsNoTryWhereTheHostHasAnother) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.resolver.answer("auth.test", {"127.0.0.2", "127.0.0.1"});
    NodeWords nodes;
    nodes(fmt::format("auth.test:{}", t.server.address().port())).upstream.retries = 0;
    const ClusterPtr cluster = BalancerFixture::cluster(nodes);
    for (int i = 0; i < 2; ++i) {  // one of them begins with the address that refuses
      t.start(cluster, t.get());
      StreamPtr far_end = co_await t.server.accept();
      co_await t.receive(*far_end);
      co_await t.send(*far_end, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
      co_await t.ended();
      EXPECT_EQ((*t.result)->status, 204);
    }
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, TrailersGoBothWays) {
  auto body = [](CallerTest& t) -> Task<void> {
    http::CallRequest request = t.post("ask");
    request.trailers = {{"x-sum", "9"}};
    t.start(t.to_server(), std::move(request));
    StreamPtr far_end = co_await t.server.accept();
    EXPECT_THAT(co_await t.receive(*far_end, "x-sum: 9\r\n\r\n"), HasSubstr("3\r\nask\r\n0\r\nx-sum: 9\r\n\r\n"));
    co_await t.send(*far_end, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-end: 1\r\n\r\n");
    co_await t.ended();
    EXPECT_EQ((*t.result)->body, "hi");
    EXPECT_THAT((*t.result)->trailers, ElementsAre(Pair("x-end", "1")));
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, InterimResponsesAreLeftOut) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.start(t.to_server(), t.get());
    StreamPtr far_end = co_await t.server.accept();
    co_await t.receive(*far_end);
    co_await t.send(*far_end, "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    co_await t.ended();
    EXPECT_EQ((*t.result)->status, 204);
    EXPECT_TRUE((*t.result)->headers.empty());
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AnAnswerMayComeBeforeTheRequestHasLeft) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.start(t.to_server(), t.post(std::string(32 << 20, 'x')));
    StreamPtr far_end = co_await t.server.accept();
    co_await t.send(*far_end, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    co_await t.ended();
    EXPECT_EQ((*t.result)->status, 413);
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, NobodyThereIsUnavailable) {
  auto body = [](CallerTest& t) -> Task<void> {
    ClusterPtr cluster = t.to_server();
    t.server.close();
    t.start(cluster, t.get());
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kUnavailable);
    EXPECT_THAT(t.result->error().what, HasSubstr("127.0.0.1:"));
    t.start(BalancerFixture::cluster(NodeWords(), "upstreams/2"), t.get());
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kUnavailable);
    EXPECT_THAT(t.result->error().what, HasSubstr("upstreams/2 has no nodes"));
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AnotherNodeIsTriedWhereOneRefuses) {
  auto body = [](CallerTest& t) -> Task<void> {
    ClusterPtr cluster = t.to_both();
    t.server.close();
    t.start(cluster, t.post("ask"));
    StreamPtr far_end = co_await t.other.accept();
    co_await t.receive(*far_end, "ask");
    co_await t.send(*far_end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await t.ended();
    EXPECT_TRUE(*t.result);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, ARequestThatMayNotBeRepeatedIsTriedOnce) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.start(t.to_both(), t.post("ask"));
    {
      StreamPtr far_end = co_await t.server.accept();
      co_await t.receive(*far_end, "ask");
    }
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kUnavailable);
    EXPECT_EQ(t.other.waiting(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AConnectionThatWasClosedWhileItWasKeptCostsNoTry) {
  auto body = [](CallerTest& t) -> Task<void> {
    StreamPtr far_end = co_await t.kept_connection();
    t.start(t.to_server(), t.get("/again"));
    co_await t.receive(*far_end);
    far_end.reset();
    far_end = co_await t.server.accept();
    EXPECT_THAT(co_await t.receive(*far_end), HasSubstr("GET /again"));
    co_await t.send(*far_end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_await t.ended();
    EXPECT_TRUE(*t.result);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AnUpstreamThatHasGoneWithItsKeptConnectionIsUnavailable) {
  auto body = [](CallerTest& t) -> Task<void> {
    StreamPtr far_end = co_await t.kept_connection();
    t.start(t.to_server(), t.get("/again"));
    co_await t.receive(*far_end);
    t.server.close();
    far_end.reset();
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kUnavailable);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, TheWholeCallHasATimeout) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.start(t.to_server(), t.get(), {Milliseconds(1), 100});
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kTimeout);
    EXPECT_THAT(t.result->error().what, HasSubstr("no answer within 1 ms"));
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AnAnswerThatBreaksOffIsNone) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.start(t.to_server(), t.get());
    {
      StreamPtr far_end = co_await t.server.accept();
      co_await t.receive(*far_end);
      co_await t.send(*far_end, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    }
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kBroken);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, AnAnswerOverTheLimitIsNone) {
  auto body = [](CallerTest& t) -> Task<void> {
    t.start(t.to_server(), t.get(), {Loop::kLong, 3});
    StreamPtr far_end = co_await t.server.accept();
    co_await t.receive(*far_end);
    co_await t.send(*far_end, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong");
    co_await t.ended();
    EXPECT_EQ(t.result->error().kind, CallFailure::Kind::kBroken);
    EXPECT_THAT(t.result->error().what, HasSubstr("longer than 3 bytes"));
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(CallerTest, ACallThatIsDroppedClosesItsConnection) {
  auto body = [](CallerTest& t) -> Task<void> {
    async::TaskGroup dropped;
    dropped.spawn(t.keep(t.to_server(), t.get(), {}));
    StreamPtr far_end = co_await t.server.accept();
    co_await t.receive(*far_end);
    dropped.cancel_all();
    EXPECT_NE(co_await far_end->fill(Loop::kLong), async::IoStatus::kOk);
    EXPECT_FALSE(t.result);
  };
  loop.run(body(*this));
}

}  // namespace
}  // namespace sallyport::upstream
