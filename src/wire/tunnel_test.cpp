#include "wire/tunnel.h"

#include "wire/talk_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

using async::Loop;
using async::Task;

class TunnelTest : public testing::Test {
 public:
  // A tunnel between two connections on loopback; `talk` plays both far ends.
  void run(Task<void> (*talk)(TunnelTest&), Tunnel::Limits limits = {Loop::kLong, Loop::kLong}) {
    loop.run(serve(*this, talk, limits));
  }
  static Task<void> serve(TunnelTest& test, Task<void> (*talk)(TunnelTest&), Tunnel::Limits limits) {
    auto [client, left] = co_await test.pair();
    auto [upstream, right] = co_await test.pair();
    test.client = std::move(client);
    test.upstream = std::move(upstream);
    async::TaskGroup talks;
    talks.spawn(talk(test));
    Tunnel tunnel(test.loop.reactor, *left, *right, limits);
    test.end = co_await tunnel.run();
    test.bytes_to_client = tunnel.bytes_to_client();
    left.reset();
    right.reset();
    co_await test.loop.until([&talks] { return talks.empty(); });
  }
  Task<std::pair<Talk, async::StreamPtr>> pair() {
    auto made = co_await loop.reactor.connect(server.address(), Loop::kLong);
    Talk far(std::move(made).value());
    auto near = co_await server.accept();
    co_return std::pair(std::move(far), std::move(near));
  }

  Loop loop;
  async::LoopbackServer server{loop.reactor};
  Talk client, upstream;
  std::optional<Tunnel::End> end;
  std::uint64_t bytes_to_client = 0;
};

TEST_F(TunnelTest, BytesGoBothWaysUntilTheUpstreamEnds) {
  run([](TunnelTest& test) -> Task<void> {
    co_await test.client.send("ping");
    EXPECT_TRUE(co_await test.upstream.has_come("ping"));
    co_await test.upstream.send("pong");
    EXPECT_TRUE(co_await test.client.has_come("pong"));
    co_await test.upstream.send(", bye");
    test.upstream.end();
    EXPECT_EQ(co_await test.client.rest(), "pong, bye");
  });
  EXPECT_EQ(end, Tunnel::End::kUpstream);
  EXPECT_EQ(bytes_to_client, 9u);
}

TEST_F(TunnelTest, WhatAClientSaysLastIsBroughtToTheUpstream) {
  run([](TunnelTest& test) -> Task<void> {
    co_await test.client.send("last words");
    test.client.end();
    EXPECT_EQ(co_await test.upstream.rest(), "last words");
  });
  EXPECT_EQ(end, Tunnel::End::kClient);
}

TEST_F(TunnelTest, MessagesLargerThanAllBuffersPassBothWaysAtOnce) {
  run([](TunnelTest& test) -> Task<void> {
    const std::string large(16 << 20, 'x');
    async::TaskGroup sending;
    auto send = [](Talk& talk, const std::string& text) -> Task<void> { co_await talk.send(text); };
    sending.spawn(send(test.client, large));
    sending.spawn(send(test.upstream, large));
    auto take = [](Talk& talk, std::size_t size) -> Task<void> {
      for (std::size_t taken = 0; taken < size;) {
        taken += talk.stream().unread().size();
        talk.stream().consume(talk.stream().unread().size());
        if (taken < size && co_await talk.stream().fill(Loop::kLong) != async::IoStatus::kOk) co_return;
      }
    };
    sending.spawn(take(test.client, large.size()));
    sending.spawn(take(test.upstream, large.size()));
    co_await test.loop.until([&sending] { return sending.empty(); });
    test.client.end();
    EXPECT_EQ(co_await test.upstream.rest(), "");
  });
  EXPECT_EQ(bytes_to_client, 16u << 20);
}

TEST_F(TunnelTest, ABrokenUpstreamEndsItThoughTheClientSendsOn) {
  run([](TunnelTest& test) -> Task<void> {
    co_await test.client.send("a");
    EXPECT_TRUE(co_await test.upstream.has_come("a"));
    test.upstream.reset();
    co_await test.client.rest();
  });
  EXPECT_EQ(end, Tunnel::End::kUpstream);
}

TEST_F(TunnelTest, OneInWhichNobodySpeaksEnds) {
  run([](TunnelTest& test) -> Task<void> { EXPECT_EQ(co_await test.upstream.rest(), ""); },
      {Milliseconds(20), Loop::kLong});
  EXPECT_EQ(end, Tunnel::End::kIdle);
}

}  // namespace
}  // namespace sallyport::wire
