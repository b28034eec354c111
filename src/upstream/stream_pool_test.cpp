#include "upstream/stream_pool.h"

#include "async/loop_fixture.h"
#include "h2/upstream_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::upstream {
namespace {

using async::Loop;
using async::Task;
using testing::HasSubstr;
using Exchange = std::unique_ptr<wire::ClientExchange>;

// A server of HTTP/2 at the far end of a socket that says no more than its settings.
struct FarEnd {
  explicit FarEnd(async::StreamPtr accepted) : socket(std::move(accepted)) {}

  Task<void> begin(std::uint32_t streams) {
    server.submit_settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams}});
    std::string bytes;
    EXPECT_TRUE(server.session.produce(bytes, 1 << 20));
    EXPECT_EQ(co_await socket->send(bytes, Loop::kLong), async::IoStatus::kOk);
  }
  async::StreamPtr socket;
  h2::Upstream server;
};

struct StreamPoolTest : testing::Test {
  Loop loop;
  async::LoopbackServer server{loop.reactor};
  Connector connector{loop.reactor, nullptr};
  StreamPool pool{connector};
  KeepalivePool limits;
  std::vector<async::Address> host{server.address()};
  Arena arena;
  std::list<FarEnd> ends;
  std::vector<Exchange> exchanges;
  std::vector<std::string> errors;

  void ask(Milliseconds timeout = Loop::kLong) { loop.tasks.spawn(keep(timeout)); }
  Task<void> keep(Milliseconds timeout) {
    if (auto exchange = pool.take(host.front(), nullptr)) {
      exchanges.push_back(std::move(exchange));
      co_return;
    }
    Destination to{host, std::nullopt};
    auto leased = co_await pool.lease(std::move(to), timeout, limits);
    if (!leased) {
      errors.push_back(leased.error().what);
    } else {
      EXPECT_EQ(leased->address, server.address());
      exchanges.push_back(std::move(leased->exchange));
    }
  }
  // Accepts a connection and lets it take so many streams.
  Task<void> accept(std::uint32_t streams = 100) {
    ends.emplace_back(co_await server.accept());
    co_await ends.back().begin(streams);
  }
  Task<void> leased(std::size_t count) {
    return loop.until([this, count] { return exchanges.size() == count; });
  }
};

TEST_F(StreamPoolTest, ManyExchangesWaitForOneConnectionAndShareIt) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    for (int i = 0; i < 20; ++i) t.ask();
    co_await t.accept();
    co_await t.leased(20);
    EXPECT_EQ(t.pool.connections(), 1u);
    t.ask();
    EXPECT_EQ(t.exchanges.size(), 21u) << "without waiting";
    EXPECT_EQ(t.server.waiting(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, AnotherConnectionIsOpenedWhereNoneHasRoom) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    for (int i = 0; i < 5; ++i) t.ask();
    co_await t.accept(2);
    co_await t.accept(2);
    co_await t.accept(2);
    co_await t.leased(5);
    EXPECT_EQ(t.pool.connections(), 3u);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, AHostIsServedByTheAddressThatAnswers) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    const async::Address refuses = *async::Address::from_ip("127.0.0.2", t.server.address().port());
    t.host = {refuses, t.server.address()};
    for (int i = 0; i < 5; ++i) t.ask();
    co_await t.accept();
    co_await t.leased(5);
    t.ask();
    EXPECT_EQ(t.exchanges.size(), 6u) << "without another attempt at the first";
    EXPECT_TRUE(t.pool.take(t.server.address(), nullptr)) << "it is known by its own address";
    EXPECT_EQ(t.pool.connections(), 1u);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, AnAddressIsNotLeftForOneThatIsNotOfTheHost) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    const async::Address refuses = *async::Address::from_ip("127.0.0.2", t.server.address().port());
    t.host = {refuses, t.server.address()};
    t.ask();
    co_await t.accept();
    co_await t.leased(1);
    t.host = {refuses};
    t.ask();
    co_await t.loop.until([&t] { return !t.errors.empty(); });
    EXPECT_THAT(t.errors.front(), HasSubstr("127.0.0.2"));
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, ConnectionsAreBoundedAndExchangesWaitForRoom) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    t.limits.size = 1;
    for (int i = 0; i < 3; ++i) t.ask();
    co_await t.accept(1);
    co_await t.leased(1);
    co_await t.loop.turn();
    EXPECT_EQ(t.exchanges.size(), 1u);
    t.exchanges.clear();
    co_await t.leased(1);
    t.exchanges.clear();
    co_await t.leased(1);
    EXPECT_EQ(t.pool.connections(), 1u);
    EXPECT_EQ(t.server.waiting(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, WhoWaitsForTooLongIsToldWhy) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    t.limits.size = 1;
    t.ask();
    co_await t.accept(1);
    co_await t.leased(1);
    t.ask(Milliseconds(1));
    co_await t.loop.until([&t] { return !t.errors.empty(); });
    EXPECT_THAT(t.errors.front(), HasSubstr("had room for another stream"));
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, AConnectionThatCannotBeMadeIsToldToAllWhoWait) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    t.server.close();
    for (int i = 0; i < 3; ++i) t.ask();
    co_await t.loop.until([&t] { return t.errors.size() == 3; });
    EXPECT_EQ(t.pool.connections(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, WhoOpensAConnectionMayGoWhileOthersWait) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    async::TaskGroup impatient;
    impatient.spawn(t.keep(Loop::kLong));
    t.ask();
    impatient.cancel_all();
    co_await t.accept();
    co_await t.leased(1);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, AConnectionTakesSoManyExchangesAsTheUpstreamAllows) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    t.limits.requests = 2;
    for (int i = 0; i < 3; ++i) t.ask();
    co_await t.accept();
    co_await t.accept();
    co_await t.leased(3);
    EXPECT_EQ(t.pool.connections(), 2u);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, AConnectionThatThePeerHasClosedIsReplaced) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    t.ask();
    co_await t.accept();
    co_await t.leased(1);
    t.ends.clear();
    http::ResponseHead head(t.arena);
    EXPECT_FALSE(co_await t.exchanges[0]->read_head(head));
    t.ask();
    co_await t.accept();
    co_await t.leased(2);
  };
  loop.run(body(*this));
}

TEST_F(StreamPoolTest, UnusedConnectionsEndAfterTheirTime) {
  auto body = [](StreamPoolTest& t) -> Task<void> {
    t.limits.idle_timeout = Milliseconds(1);
    t.ask();
    co_await t.accept();
    co_await t.leased(1);
    t.exchanges.clear();
    co_await t.loop.until([&t] { return t.pool.connections() == 0; });
  };
  loop.run(body(*this));
}

}  // namespace
}  // namespace sallyport::upstream
