#include "async/reactor.h"

#include "async/event.h"
#include "async/reactor_fixture.h"
#include "async/task_group.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{10'000};

struct ReactorTest : testing::TestWithParam<ReactorKind> {
  std::unique_ptr<Reactor> loop = open_reactor(GetParam()).value();
  Reactor& reactor = *loop;
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

TEST_P(ReactorTest, BytesArriveInOrderAndTheEndIsSeen) {
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
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

TEST_P(ReactorTest, AFillThatGetsNothingTimesOut) {
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    EXPECT_EQ(co_await client->fill(Milliseconds(20)), IoStatus::kTimeout);
    EXPECT_EQ(co_await t.server->send("x", kLong), IoStatus::kOk);
    EXPECT_EQ(co_await client->fill(kLong), IoStatus::kOk);
  };
  run(body(*this));
}

TEST_P(ReactorTest, ALargeTransferPassesThroughASlowReader) {
  listen();
  std::string large(8 << 20, 'x');
  auto writer = [](ReactorTest& t, const std::string& bytes) -> Task<void> {
    EXPECT_EQ(co_await t.server->send(bytes, kLong), IoStatus::kOk);
  };
  auto body = [&writer](ReactorTest& t, const std::string& bytes) -> Task<void> {
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

TEST_P(ReactorTest, UnreadBytesStopAtTheReadLimit) {
  listen();
  std::string large(300'000, 'x');
  auto body = [](ReactorTest& t, const std::string& bytes) -> Task<void> {
    auto client = co_await t.connected();
    t.tasks.spawn([](Stream& stream, const std::string& text) -> Task<void> { co_await stream.send(text, kLong); }(
                                                                  *t.server, bytes));
    IoStatus status;
    while ((status = co_await client->fill(kLong)) == IoStatus::kOk) {
    }
    EXPECT_EQ(status, IoStatus::kFull);
    EXPECT_GE(client->unread().size(), 64u * 1024);
    EXPECT_LE(client->unread().size(), 128u * 1024);
  };
  run(body(*this, large));
}

TEST_P(ReactorTest, ARefusedConnectionSaysSoAndMayBeRetried) {
  listen();
  Address gone = listener->local_address();
  listener.reset();
  auto body = [](ReactorTest& t, Address address) -> Task<void> {
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

TEST_P(ReactorTest, AHangupIsReportedWhileNobodyReads) {
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    Gone gone;
    t.server->watch_hangup(&gone);
    client.reset();
    co_await gone.event;
    EXPECT_TRUE(t.server->is_gone());
  };
  run(body(*this));
}

TEST_P(ReactorTest, DroppingATaskDetachesItsOperation) {
  listen();
  auto waiting = [](Stream& stream) -> Task<void> { co_await stream.fill(kLong); };
  auto body = [&waiting](ReactorTest& t) -> Task<void> {
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

TEST_P(ReactorTest, ACompletedFillMayEndItsStream) {
  listen();
  auto reader = [](ReactorTest& t, Event& done) -> Task<void> {
    EXPECT_EQ(co_await t.server->fill(kLong), IoStatus::kOk);
    t.server.reset();
    done.set();
  };
  auto body = [&reader](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    Event done;
    t.tasks.spawn(reader(t, done));
    EXPECT_EQ(co_await client->send("x", kLong), IoStatus::kOk);
    client->shut_down_sending();  // the bytes and the end arrive in one event
    co_await done;
  };
  run(body(*this));
}

TEST_P(ReactorTest, ATimedOutFillMayEndItsStream) {
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    EXPECT_EQ(co_await client->fill(Milliseconds(1)), IoStatus::kTimeout);
    client.reset();
  };
  run(body(*this));
}

TEST_P(ReactorTest, AHangupMayEndItsStream) {
  struct Ends final : HangupListener {
    StreamPtr& stream;
    Event& event;
    Ends(StreamPtr& s, Event& e) : stream(s), event(e) {}
    void peer_gone() override {
      stream.reset();
      event.set();
    }
  };
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    Event ended;
    Ends ends(t.server, ended);
    t.server->watch_hangup(&ends);
    client.reset();
    co_await ended;
    EXPECT_FALSE(t.server);
  };
  run(body(*this));
}

TEST_P(ReactorTest, AbortingCompletesWhatIsPendingButNotAtOnce) {
  listen();
  std::string large(16 << 20, 'x');
  auto sender = [](Stream& stream, const std::string& bytes, IoStatus& status, Event& done) -> Task<void> {
    status = co_await stream.send(bytes, kLong);
    done.set();
  };
  auto reader = [](Stream& stream, IoStatus& status, Event& done) -> Task<void> {
    status = co_await stream.fill(kLong);
    done.set();
  };
  auto body = [&](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    IoStatus sent = IoStatus::kOk, read = IoStatus::kOk;
    Event sending_ended, reading_ended;
    t.tasks.spawn(sender(*client, large, sent, sending_ended));
    t.tasks.spawn(reader(*client, read, reading_ended));
    co_await t.reactor.sleep(Milliseconds(1));
    client->abort();
    EXPECT_EQ(read, IoStatus::kOk);  // still pending
    co_await sending_ended;
    co_await reading_ended;
    EXPECT_NE(read, IoStatus::kOk);
    EXPECT_EQ(sent, IoStatus::kReset);
    EXPECT_GT(client->sent_bytes(), 0u);
    EXPECT_LT(client->sent_bytes(), large.size());
  };
  run(body(*this));
}

TEST_P(ReactorTest, AFillThatIsToExpireDoesSoUnlessSomethingHasArrived) {
  listen();
  auto reader = [](Stream& stream, IoStatus& status, Event& done) -> Task<void> {
    status = co_await stream.fill(kLong);
    done.set();
  };
  auto body = [&](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    client->expire_fill();  // none is pending
    IoStatus read = IoStatus::kOk;
    Event expired, filled;
    t.tasks.spawn(reader(*client, read, expired));
    client->expire_fill();
    EXPECT_EQ(read, IoStatus::kOk);  // not within the call
    co_await expired;
    EXPECT_EQ(read, IoStatus::kTimeout);
    t.tasks.spawn(reader(*client, read, filled));
    EXPECT_EQ(co_await t.server->send("a", kLong), IoStatus::kOk);
    client->expire_fill();
    co_await filled;
    EXPECT_EQ(read, IoStatus::kOk);
    EXPECT_EQ(client->unread(), "a");
  };
  run(body(*this));
}

TEST_P(ReactorTest, AStreamIsQuietUntilSomethingUnaskedArrives) {
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
    auto client = co_await t.connected();
    EXPECT_EQ(co_await t.server->send("a", kLong), IoStatus::kOk);
    EXPECT_EQ(co_await client->fill(kLong), IoStatus::kOk);
    EXPECT_FALSE(client->is_quiet());
    client->consume(1);
    EXPECT_TRUE(client->is_quiet());
    EXPECT_EQ(co_await t.server->send("b", kLong), IoStatus::kOk);
    co_await t.reactor.sleep(Milliseconds(1));  // a turn of the loop
    EXPECT_FALSE(client->is_quiet());
    EXPECT_FALSE(client->is_gone());
  };
  run(body(*this));
}

TEST_P(ReactorTest, DroppingAConnectThatIsUnderWayLeavesNothing) {
  listen();
  auto dropped = [](ReactorTest& t) -> Task<void> { co_await t.reactor.connect(t.listener->local_address(), kLong); };
  auto body = [&dropped](ReactorTest& t) -> Task<void> {
    TaskGroup group;
    for (int i = 0; i < 10; ++i) group.spawn(dropped(t));
    group.cancel_all();
    co_await t.reactor.sleep(Milliseconds(1));
  };
  run(body(*this));
}

TEST_P(ReactorTest, AListenerAcceptsWhatIsQueuedBeforeItCloses) {
  listen();
  auto body = [](ReactorTest& t) -> Task<void> {
    auto client = co_await t.reactor.connect(t.listener->local_address(), kLong);
    t.listener.reset();
    EXPECT_TRUE(t.server);
  };
  run(body(*this));
}

TEST_P(ReactorTest, ATimerMayDropItself) {
  std::unique_ptr<Timer> timer;
  int fired = 0;
  timer = reactor.start_timer(Milliseconds(1), Reactor::Repeat::kEvery, [&] {
    ++fired;
    timer.reset();
    reactor.stop();
  });
  reactor.run();
  EXPECT_EQ(fired, 1);
}

TEST_P(ReactorTest, MessagesFromAnotherThreadArriveInOrder) {
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

TEST_P(ReactorTest, WhatAMessageHoldsEndsBeforeTheNextOneRuns) {
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> seen = held;
  reactor.post([held = std::move(held)] {});
  reactor.post([this, &seen] {
    EXPECT_TRUE(seen.expired());
    reactor.stop();
  });
  reactor.run();
}

// Ends with a message to the loop.
struct LastWords {
  explicit LastWords(Reactor& its_loop) : loop(its_loop) {}
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;
  ~LastWords() {
    loop.post([] {});
  }
  Reactor& loop;
};

TEST_P(ReactorTest, MessagesThatAreLeftMayTellTheLoopMoreWhenTheyEnd) {
  auto own = open_reactor(GetParam()).value();
  for (int i = 0; i < 100; ++i) own->post([words = std::make_shared<LastWords>(*own)] {});
  own.reset();
}

TEST_P(ReactorTest, AMessageToALoopThatIsGoneEndsWhereItWasPosted) {
  auto own = open_reactor(GetParam()).value();
  const Reactor::Post post = own->poster();
  auto left = std::make_shared<int>(1), late = std::make_shared<int>(2);
  std::weak_ptr<int> seen_left = left, seen_late = late;
  post([held = std::move(left)] {});
  EXPECT_FALSE(seen_left.expired());
  own.reset();
  EXPECT_TRUE(seen_left.expired());
  post([held = std::move(late)] {});
  EXPECT_TRUE(seen_late.expired());
}

TEST_P(ReactorTest, ARepeatingTimerFiresUntilDropped) {
  int fired = 0;
  auto timer = reactor.start_timer(Milliseconds(1), Reactor::Repeat::kEvery, [&] {
    if (++fired == 3) reactor.stop();
  });
  reactor.run();
  EXPECT_EQ(fired, 3);
}

INSTANTIATE_TEST_SUITE_P(EachKind, ReactorTest, testing::ValuesIn(reactor_kinds()), kind_name);

}  // namespace
}  // namespace sallyport::async
