// What is special to the loop on io_uring: operations that outlive who began them, and buffers that run out.

#include "async/uring_stream.h"

#include "async/event.h"
#include "async/reactor_fixture.h"
#include "async/task_group.h"
#include "async/uring_reactor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{10'000};
constexpr std::size_t kLarge = 4 << 20;  // more than a socket takes at once
constexpr std::size_t kTransfer = 64 << 20;

struct UringStreamTest : testing::Test {
  void SetUp() override {
    auto opened = UringReactor::open();
    if (!opened) GTEST_SKIP() << "NOT TESTED: io_uring, because " << opened.error().what;
    reactor = std::move(*opened);
  }

  // A stream, and the plain socket at its other end, which does not block.
  struct Pair {
    std::unique_ptr<UringStream> stream;
    int far = -1;
    Pair() = default;
    Pair(Pair&& other) noexcept : stream(std::move(other.stream)), far(std::exchange(other.far, -1)) {}
    Pair& operator=(Pair&& other) noexcept {
      stream = std::move(other.stream);
      std::swap(far, other.far);
      return *this;
    }
    ~Pair() { hang_up(); }
    void hang_up() {
      if (far >= 0) ::close(std::exchange(far, -1));
    }
    void send(std::string_view bytes) const {
      ASSERT_EQ(::send(far, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    std::size_t read_all() const {
      std::size_t all = 0;
      std::array<char, 65536> piece;
      for (ssize_t got; (got = ::recv(far, piece.data(), piece.size(), 0)) > 0;) all += static_cast<std::size_t>(got);
      return all;
    }
    bool sees_end() const {
      char byte;
      return ::recv(far, &byte, 1, 0) == 0;
    }
  };
  std::vector<Pair> pairs(std::size_t count) {
    std::vector<Pair> made(count);
    for (Pair& each : made) each = pair();
    return made;
  }
  Pair pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    Pair made;
    made.stream = std::make_unique<UringStream>(*reactor, ends[0], UringStream::State::kConnected);
    made.far = ends[1];
    return made;
  }
  // A send of more than the socket takes, which has begun in the kernel.
  Task<void> begin_to_send(Pair& pair, TaskGroup& sending) {
    sending.spawn(send(*pair.stream, std::string(kLarge, 'x'), ignored));
    co_await turn();
  }
  // What the stream says that it has sent is what comes, now and later.
  Task<void> expect_all_has_come(const Pair& pair) {
    EXPECT_EQ(pair.stream->sent_bytes(), pair.read_all());
    co_await turn();
    EXPECT_EQ(pair.read_all(), 0u);
  }
  void run(Task<void> work) {
    tasks.spawn(stop_after(std::move(work)));
    reactor->run();
    tasks.cancel_all();
  }
  Task<void> stop_after(Task<void> work) {
    co_await work;
    reactor->post([this] { reactor->stop(); });
  }
  Task<void> turn() {
    Event turned;
    reactor->post([&turned] { turned.set(); });
    co_await turned;
  }
  static Task<void> send(Stream& stream, std::string bytes, IoStatus& status) {
    status = co_await stream.send(bytes, kLong);
  }

  std::unique_ptr<UringReactor> reactor;
  IoStatus ignored = IoStatus::kOk;
  TaskGroup tasks;
};

TEST_F(UringStreamTest, ASendThatIsDroppedInTheKernelReadsItsBytesNoMore) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    TaskGroup sending;
    co_await t.begin_to_send(pair, sending);
    co_await t.turn();
    sending.cancel_all();  // frees the bytes
    EXPECT_GT(pair.stream->sent_bytes(), 0u);
    co_await t.expect_all_has_come(pair);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, ASendThatIsDroppedBeforeItsTurnIsNotMade) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    {
      TaskGroup sending;
      sending.spawn(send(*pair.stream, "never", t.ignored));
    }
    co_await t.turn();
    EXPECT_EQ(pair.stream->sent_bytes(), 0u);
    EXPECT_EQ(pair.read_all(), 0u);
    EXPECT_EQ(co_await pair.stream->send("this", " goes", kLong), IoStatus::kOk);
    EXPECT_EQ(pair.read_all(), 9u);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, ASendThatTimesOutHasLetGoOfItsBytes) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    {
      auto bytes = std::make_unique<std::string>(kLarge, 'x');
      EXPECT_EQ(co_await pair.stream->send(*bytes, Milliseconds(5)), IoStatus::kTimeout);
    }
    co_await t.expect_all_has_come(pair);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, APieceSendGoesOnWhereTheSocketStopped) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    IoStatus status = IoStatus::kTimeout;
    t.tasks.spawn(send(*pair.stream, std::string(kLarge, 'x'), status));
    std::size_t all = 0;
    while (all < kLarge) {
      all += pair.read_all();
      co_await t.turn();
    }
    EXPECT_EQ(status, IoStatus::kOk);
    EXPECT_EQ(pair.stream->sent_bytes(), kLarge);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, AStreamMayEndWithAReceiveAndASendUnderWay) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    TaskGroup sending;
    co_await t.begin_to_send(pair, sending);
    sending.cancel_all();
    pair.send("comes too late");
    pair.stream.reset();
    pair.read_all();
    co_await t.turn();
    EXPECT_TRUE(pair.sees_end() || errno == ECONNRESET);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, ManyStreamsMayEndInTheTurnInWhichTheyReceive) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    std::vector<Pair> pairs = t.pairs(300);
    co_await t.turn();
    for (Pair& pair : pairs) pair.send("x");
    for (std::size_t i = 0; i < pairs.size(); i += 2) pairs[i].stream.reset();
    co_await t.turn();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (i % 2 == 0) {
        EXPECT_TRUE(pairs[i].sees_end() || errno == ECONNRESET);
      } else {
        EXPECT_EQ(co_await pairs[i].stream->fill(kLong), IoStatus::kOk);
      }
    }
  };
  run(body(*this));
}

TEST_F(UringStreamTest, MoreReceivesThanBuffersLoseNothing) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    std::vector<Pair> pairs = t.pairs(400);
    co_await t.turn();
    for (int round = 0; round < 5; ++round) {
      for (Pair& pair : pairs) pair.send("some bytes");
      for (Pair& pair : pairs) {
        while (pair.stream->unread().size() < 10) EXPECT_EQ(co_await pair.stream->fill(kLong), IoStatus::kOk);
        EXPECT_EQ(pair.stream->unread(), "some bytes");
        pair.stream->consume(10);
      }
    }
  };
  run(body(*this));
}

// How much the stream takes from a peer that sends without end while nobody reads.
Task<std::size_t> taken_unread(UringStreamTest& t, const UringStreamTest::Pair& pair) {
  std::string piece(8192, 'x');
  std::size_t all = 0;
  for (int idle = 0; idle < 5; ++idle) {
    for (ssize_t sent; (sent = ::send(pair.far, piece.data(), piece.size(), MSG_NOSIGNAL)) > 0; idle = 0) {
      all += static_cast<std::size_t>(sent);
    }
    co_await t.turn();
  }
  co_return all;
}

TEST_F(UringStreamTest, ReceivingStopsWhileNobodyReadsAndGoesOnLater) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    std::size_t all = co_await taken_unread(t, pair);
    EXPECT_LT(all, 4u << 20);
    pair.hang_up();
    std::size_t got = 0;
    while (co_await pair.stream->fill(kLong) == IoStatus::kOk) {
      got += pair.stream->unread().size();
      pair.stream->consume(pair.stream->unread().size());
    }
    EXPECT_EQ(got, all);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, AHangupIsSeenWhileReceivingIsStopped) {
  struct Gone final : HangupListener {
    Event event;
    void peer_gone() override { event.set(); }
  };
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    co_await taken_unread(t, pair);
    Gone gone;
    pair.stream->watch_hangup(&gone);
    EXPECT_FALSE(pair.stream->is_gone());
    pair.hang_up();
    co_await gone.event;
    EXPECT_TRUE(pair.stream->is_gone());
    EXPECT_EQ(co_await pair.stream->fill(kLong), IoStatus::kOk);  // what came before is still there
  };
  run(body(*this));
}

// Bytes of which each says where it stands, so that it shows what is lost or comes out of order.
std::string numbered(std::size_t size) {
  std::string bytes(size, 0);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at % 251);
  return bytes;
}

Task<std::string> read(Stream& stream, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size && co_await stream.fill(kLong) == IoStatus::kOk) {
    bytes += stream.unread();
    stream.consume(stream.unread().size());
  }
  co_return bytes;
}

// More than a buffer has come and was read.
Task<void> make_bulk(const UringStreamTest::Pair& pair) {
  const std::string bytes = numbered(150'000);
  pair.send(bytes);
  EXPECT_TRUE(co_await read(*pair.stream, bytes.size()) == bytes);
}

TEST_F(UringStreamTest, BulkAndWhatIsLittleArriveInTurn) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    std::vector<std::size_t> sizes = {100, 131'072, 10, 70'000, 65'536, 150'000, 5};
    sizes.insert(sizes.end() - 2, 20, 100);
    for (std::size_t size : sizes) {
      const std::string bytes = numbered(size);
      pair.send(bytes);
      EXPECT_TRUE(co_await read(*pair.stream, size) == bytes) << size;
    }
  };
  run(body(*this));
}

TEST_F(UringStreamTest, ABulkStreamIsQuietUntilSomethingUnaskedArrives) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    co_await make_bulk(pair);
    for (int i = 0; i < 5; ++i) co_await t.turn();
    EXPECT_TRUE(pair.stream->is_quiet());
    pair.send("unasked");
    for (int i = 0; i < 5; ++i) co_await t.turn();
    EXPECT_FALSE(pair.stream->is_quiet());
    EXPECT_EQ(co_await read(*pair.stream, 7), "unasked");
  };
  run(body(*this));
}

TEST_F(UringStreamTest, WhatComesBeforeTheEndOfABulkStreamIsRead) {
  struct Gone final : HangupListener {
    Event event;
    void peer_gone() override { event.set(); }
  };
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    co_await make_bulk(pair);
    Gone gone;
    pair.stream->watch_hangup(&gone);
    const std::string bytes = numbered(100'000);
    pair.send(bytes);
    for (int i = 0; i < 5; ++i) co_await t.turn();
    EXPECT_FALSE(pair.stream->is_gone());
    pair.hang_up();
    co_await gone.event;
    EXPECT_TRUE(pair.stream->is_gone());
    EXPECT_TRUE(co_await read(*pair.stream, bytes.size() + 1) == bytes);
    EXPECT_EQ(co_await pair.stream->fill(kLong), IoStatus::kEnd);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, BulkForAPeerThatHasGoneIsNotSent) {
  auto body = [](UringStreamTest& t) -> Task<void> {
    Pair pair = t.pair();
    pair.hang_up();
    EXPECT_EQ(co_await pair.stream->send(numbered(100'000), kLong), IoStatus::kReset);
    EXPECT_EQ(pair.stream->sent_bytes(), 0u);
  };
  run(body(*this));
}

TEST_F(UringStreamTest, OthersHaveTheirTurnWhileBulkIsReceived) {
  auto body = [](UringStreamTest& t, std::size_t& turns) -> Task<void> {
    Pair pair = t.pair();
    std::thread peer([far = pair.far] {
      const std::string piece(65'536, 'x');
      for (std::size_t all = 0; all < kTransfer;) {
        ssize_t sent = ::send(far, piece.data(), std::min(piece.size(), kTransfer - all), MSG_NOSIGNAL);
        if (sent > 0) all += static_cast<std::size_t>(sent);
      }
    });
    struct Count {
      std::size_t turns = 0;
      bool done = false;
      Event ended;
    } count;
    auto keep_counting = [](UringStreamTest& test, Count& counted) -> Task<void> {
      while (!counted.done) {
        co_await test.turn();
        ++counted.turns;
      }
      counted.ended.set();
    };
    t.tasks.spawn(keep_counting(t, count));
    EXPECT_EQ((co_await read(*pair.stream, kTransfer)).size(), kTransfer);
    turns = count.turns;
    count.done = true;
    co_await count.ended;
    peer.join();
  };
  std::size_t turns = 0;
  run(body(*this, turns));
  EXPECT_GE(turns, kTransfer / (16 * reactor->buffers().large()));
}

TEST_F(UringStreamTest, AReactorMayEndWithEverythingUnderWay) {
  auto body = [](UringStreamTest& t) -> Task<void> { co_await t.turn(); };
  Pair idle = pair(), ended = pair();
  auto watch = reactor->watch(idle.far, true, false, [](bool, bool) {});
  run(body(*this));
  ended.stream.reset();
  idle.stream.reset();
  watch.reset();
  reactor.reset();
  EXPECT_TRUE(idle.sees_end());
  EXPECT_TRUE(ended.sees_end());
}

TEST_F(UringStreamTest, AReactorThatNeverRanMayEnd) {
  Pair unused = pair();
  tasks.spawn(send(*unused.stream, "never", ignored));
  tasks.cancel_all();
  unused.stream.reset();
  reactor.reset();
  EXPECT_TRUE(unused.sees_end());
}

TEST_F(UringStreamTest, AWatchReportsAgainWhatIsStillReady) {
  int told = 0;
  Pair pair = this->pair();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_NONBLOCK | O_CLOEXEC), 0);
  auto watch = reactor->watch(pipe[0], true, false, [&](bool readable, bool) {
    EXPECT_TRUE(readable);
    if (++told == 3) reactor->stop();
  });
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  reactor->run();
  EXPECT_EQ(told, 3);
  watch.reset();
  ::close(pipe[0]);
  ::close(pipe[1]);
}

// Its name has it run under the thread sanitizer, too.
TEST(UringReactorConcurrency, ALoopMadeHereServesInItsOwnThread) {
  auto opened = UringReactor::open();
  if (!opened) GTEST_SKIP() << "NOT TESTED: io_uring, because " << opened.error().what;
  auto reactor = std::move(*opened);
  int told = 0;
  StreamPtr accepted;
  {
    auto accept = [&](Accepted connection) { accepted = std::move(connection.stream); };
    auto listener = reactor->listen(*Address::from_ip("127.0.0.1", 0), SharePort::kNo, accept);
    ASSERT_TRUE(listener) << listener.error().what;
    std::thread loop([&] {
      reactor->run();
      listener->reset();
    });
    for (int i = 0; i < 1000; ++i) reactor->post([&told] { ++told; });
    TaskGroup tasks;
    auto connect = [](UringReactor& with, Address to) -> Task<void> {
      auto client = co_await with.connect(to, kLong);
      EXPECT_TRUE(client) << client.error().what;
      with.stop();
    };
    reactor->post([&] { tasks.spawn(connect(*reactor, (*listener)->local_address())); });
    loop.join();
  }
  EXPECT_EQ(told, 1000);
  accepted.reset();  // after the thread of its loop
}

}  // namespace
}  // namespace sallyport::async
