#include "upstream/connection_pool.h"

#include "async/loop_fixture.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace sallyport::upstream {
namespace {

using async::Loop;
using async::StreamPtr;
using async::Task;
using Lease = ConnectionPool::Lease;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

struct ConnectionPoolTest : testing::Test {
  Loop loop;
  async::LoopbackServer server{loop.reactor};
  ConnectionPool pool{loop.reactor};
  KeepalivePool limits;
  Arena arena;

  // A connection and its far end, after one exchange that was answered with `answer`.
  Task<Lease> connect(StreamPtr& far_end) {
    Destination to{{server.address()}, std::nullopt};
    auto connection = co_await pool.connect(std::move(to), Loop::kLong);
    EXPECT_TRUE(connection);
    far_end = co_await server.accept();
    co_return std::move(*connection);
  }
  Task<void> exchange(Lease& connection, async::Stream& far_end, std::string_view answer = kAnswer) {
    http::Headers fields(arena);
    wire::RequestLine line{"GET", "/", "", false, "h"};
    EXPECT_TRUE(connection->wire().begin_request(line, fields, http::BodyLength::none(), {}));
    EXPECT_TRUE(co_await connection->wire().write({{}, true}, wire::BodyWriter::Flush::kNow));
    EXPECT_EQ(co_await far_end.fill(Loop::kLong), async::IoStatus::kOk);
    far_end.consume(far_end.unread().size());
    EXPECT_EQ(co_await far_end.send(answer, Loop::kLong), async::IoStatus::kOk);
    http::ResponseHead head(arena);
    EXPECT_TRUE(co_await connection->wire().read_head(head));
  }
  Task<void> fill(StreamPtr& far_end) {
    Lease connection = co_await connect(far_end);
    co_await exchange(connection, *far_end);
    pool.give_back(std::move(connection), limits);
  }
};

TEST_F(ConnectionPoolTest, AConnectionIsUsedAgainForItsAddressOnly) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    Lease connection = co_await t.connect(far_end);
    co_await t.exchange(connection, *far_end);
    auto* first = connection.get();
    t.pool.give_back(std::move(connection), t.limits);
    EXPECT_EQ(t.pool.idle(), 1u);
    EXPECT_EQ(t.pool.take(*async::Address::from_ip("127.0.0.2", t.server.address().port())), nullptr);
    connection = t.pool.take(t.server.address());
    EXPECT_EQ(connection.get(), first);
    EXPECT_EQ(t.pool.take(t.server.address()), nullptr);
    co_await t.exchange(connection, *far_end);
    EXPECT_EQ(connection->wire().exchanges(), 2u);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, TheConnectionUsedLastIsTakenFirst) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr ends[2];
    Lease first = co_await t.connect(ends[0]);
    Lease second = co_await t.connect(ends[1]);
    co_await t.exchange(first, *ends[0]);
    co_await t.exchange(second, *ends[1]);
    auto* used_last = second.get();
    t.pool.give_back(std::move(first), t.limits);
    t.pool.give_back(std::move(second), t.limits);
    EXPECT_EQ(t.pool.take(t.server.address()).get(), used_last);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, AConnectionThatThePeerClosesLeavesThePool) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr ends[3];
    for (StreamPtr& far_end : ends) {
      Lease connection = co_await t.connect(far_end);
      co_await t.exchange(connection, *far_end);
      t.pool.give_back(std::move(connection), t.limits);
      if (&far_end != &ends[2]) far_end = nullptr;
      co_await t.loop.until([&t, &far_end] { return t.pool.idle() == (far_end ? 1u : 0u); });
    }
    EXPECT_NE(t.pool.take(t.server.address()), nullptr);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, AnIdleConnectionThatSaysSomethingIsNotUsedAgain) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    co_await t.fill(far_end);
    EXPECT_EQ(co_await far_end->send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", Loop::kLong),
              async::IoStatus::kOk);
    co_await t.loop.turn();
    co_await t.loop.turn();
    EXPECT_EQ(t.pool.take(t.server.address()), nullptr);
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, ExtraBytesBehindTheAnswerKeepAConnectionOut) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    Lease connection = co_await t.connect(far_end);
    co_await t.exchange(connection, *far_end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n");
    t.pool.give_back(std::move(connection), t.limits);
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, AConnectionInTheMiddleOfAResponseIsNotKept) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    Lease connection = co_await t.connect(far_end);
    co_await t.exchange(connection, *far_end, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    t.pool.give_back(std::move(connection), t.limits);
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, TheLimitsOfSizeAndRequestsHold) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr ends[3];
    t.limits.size = 1;
    Lease first = co_await t.connect(ends[0]);
    Lease second = co_await t.connect(ends[1]);
    co_await t.exchange(first, *ends[0]);
    co_await t.exchange(second, *ends[1]);
    t.pool.give_back(std::move(first), t.limits);
    t.pool.give_back(std::move(second), t.limits);
    EXPECT_EQ(t.pool.idle(), 1u);
    t.pool.clear();
    EXPECT_EQ(t.pool.idle(), 0u);

    t.limits.requests = 2;
    Lease third = co_await t.connect(ends[2]);
    co_await t.exchange(third, *ends[2]);
    t.pool.give_back(std::move(third), t.limits);
    EXPECT_EQ(t.pool.idle(), 1u);
    third = t.pool.take(t.server.address());
    co_await t.exchange(third, *ends[2]);
    t.pool.give_back(std::move(third), t.limits);
    EXPECT_EQ(t.pool.idle(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, AConnectionThatWasIdleForTooLongIsNotUsedAgain) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    t.limits.idle_timeout = Milliseconds(1);
    co_await t.fill(far_end);
    co_await t.loop.reactor.sleep(Milliseconds(2));
    EXPECT_EQ(t.pool.take(t.server.address()), nullptr);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, NoIdleTimeoutMeansNever) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    t.limits.idle_timeout = Milliseconds(0);
    co_await t.fill(far_end);
    co_await t.loop.reactor.sleep(Milliseconds(2));
    EXPECT_NE(t.pool.take(t.server.address()), nullptr);
  };
  loop.run(body(*this));
}

TEST_F(ConnectionPoolTest, ALeaseMayOutliveItsPlaceInThePool) {
  auto body = [](ConnectionPoolTest& t) -> Task<void> {
    StreamPtr far_end;
    co_await t.fill(far_end);
    Lease connection = t.pool.take(t.server.address());
    t.pool.clear();
    far_end = nullptr;
    co_await t.loop.turn();
    co_await t.loop.turn();
    EXPECT_TRUE(connection->wire().stream().is_gone());
  };
  loop.run(body(*this));
}

}  // namespace
}  // namespace sallyport::upstream
