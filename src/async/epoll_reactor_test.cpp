#include "async/epoll_reactor.h"

#include "async/event.h"
#include "async/task_group.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{10'000};

struct EpollReactorTest : testing::Test {
  EpollReactor reactor;
  TaskGroup tasks;
  Address any = *Address::from_ip("127.0.0.1", 0);

  // A listener that hands the first connection over.
  std::unique_ptr<Listener> listener;
  StreamPtr server;
  Event accepted;
  void listen() {
    auto made = reactor.listen(any, SharePort::kNo, [this](Accepted got) {
      server = std::move(got.stream);
      accepted.set();
    });
    ASSERT_TRUE(made) << made.error().what;
    listener = std::move(*made);
  }
  void run(Task<void> task) {
    tasks.spawn(stop_after(std::move(task)));
    reactor.run();
    tasks.cancel_all();
  }
  Task<void> stop_after(Task<void> task) {
    co_await task;
    reactor.post([this] { reactor.stop(); });
  }
  Task<StreamPtr> connected() {
    auto client = co_await reactor.connect(listener->local_address(), kLong);
    EXPECT_TRUE(client) << client.error().what;
    co_await accepted;
    co_return std::move(*client);
  }
};

TEST_F(EpollReactorTest, BytesArriveInOrderAndTheEndIsSeen) {
  listen();
  auto body = [](EpollReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    EXPECT_EQ(co_await client->send("hello ", "world", kLong), IoStatus::kOk);
    client.reset();
    IoStatus status;
    while ((status = co_await t.server->fill(kLong)) == IoStatus::kOk) {
    }
    EXPECT_EQ(status, IoStatus::kEnd);
    EXPECT_EQ(t.server->unread(), "hello world");
  };
  run(body(*this));
}

TEST_F(EpollReactorTest, AFillThatGetsNothingTimesOut) {
  listen();
  auto body = [](EpollReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    EXPECT_EQ(co_await client->fill(Milliseconds(20)), IoStatus::kTimeout);
    EXPECT_EQ(co_await t.server->send("x", kLong), IoStatus::kOk);
    EXPECT_EQ(co_await client->fill(kLong), IoStatus::kOk);
  };
  run(body(*this));
}

TEST_F(EpollReactorTest, ALargeTransferPassesThroughASlowReader) {
  listen();
  std::string large(8 << 20, 'x');
  auto writer = [](EpollReactorTest& t, const std::string& bytes) -> Task<void> {
    EXPECT_EQ(co_await t.server->send(bytes, kLong), IoStatus::kOk);
  };
  auto body = [&writer](EpollReactorTest& t, const std::string& bytes) -> Task<void> {
    auto client = co_await t.connected();
    t.tasks.spawn(writer(t, bytes));
    std::size_t got = 0;
    while (got < bytes.size() && co_await client->fill(kLong) == IoStatus::kOk) {
      got += client->unread().size();
      client->consume(client->unread().size());
    }
    EXPECT_EQ(got, bytes.size());
  };
  run(body(*this, large));
}

TEST_F(EpollReactorTest, UnreadBytesStopAtTheReadLimit) {
  listen();
  std::string large(300'000, 'x');
  auto body = [](EpollReactorTest& t, const std::string& bytes) -> Task<void> {
    auto client = co_await t.connected();
    t.tasks.spawn([](Stream& stream, const std::string& text) -> Task<void> { co_await stream.send(text, kLong); }(
                                                                  *t.server, bytes));
    IoStatus status;
    while ((status = co_await client->fill(kLong)) == IoStatus::kOk) {
    }
    EXPECT_EQ(status, IoStatus::kFull);
    EXPECT_GE(client->unread().size(), BufferPool::kLarge);
    EXPECT_LE(client->unread().size(), 2 * BufferPool::kLarge);
  };
  run(body(*this, large));
}

TEST_F(EpollReactorTest, ARefusedConnectionSaysSoAndMayBeRetried) {
  listen();
  Address gone = listener->local_address();
  listener.reset();
  auto body = [](EpollReactorTest& t, Address address) -> Task<void> {
    auto refused = co_await t.reactor.connect(address, kLong);
    EXPECT_FALSE(refused);
    if (refused) co_return;
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
    EXPECT_EQ(refused.error().retry, Retry::kSafe);
    EXPECT_EQ(refused.error().side, Side::kUpstream);
  };
  run(body(*this, gone));
}

struct Gone final : HangupListener {
  Event event;
  void peer_gone() override { event.set(); }
};

TEST_F(EpollReactorTest, AHangupIsReportedWhileNobodyReads) {
  listen();
  auto body = [](EpollReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    Gone gone;
    t.server->watch_hangup(&gone);
    client.reset();
    co_await gone.event;
    EXPECT_TRUE(t.server->is_gone());
  };
  run(body(*this));
}

TEST_F(EpollReactorTest, DroppingATaskDetachesItsOperation) {
  listen();
  auto waiting = [](Stream& stream) -> Task<void> { co_await stream.fill(kLong); };
  auto body = [&waiting](EpollReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    {
      TaskGroup dropped;
      dropped.spawn(waiting(*client));
    }
    EXPECT_EQ(co_await t.server->send("late", kLong), IoStatus::kOk);
    EXPECT_EQ(co_await client->fill(kLong), IoStatus::kOk);
    EXPECT_EQ(client->unread(), "late");
  };
  run(body(*this));
}

TEST_F(EpollReactorTest, MessagesFromAnotherThreadArriveInOrder) {
  std::vector<int> got;
  std::thread sender([this, &got] {
    for (int i = 0; i < 1000; ++i) reactor.post([&got, i] { got.push_back(i); });
    reactor.post([this] { reactor.stop(); });
  });
  reactor.run();
  sender.join();
  ASSERT_EQ(got.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
}

TEST_F(EpollReactorTest, ARepeatingTimerFiresUntilDropped) {
  int fired = 0;
  auto timer = reactor.start_timer(Milliseconds(1), Reactor::Repeat::kEvery, [&] {
    if (++fired == 3) reactor.stop();
  });
  reactor.run();
  EXPECT_EQ(fired, 3);
}

}  // namespace
}  // namespace sallyport::async
