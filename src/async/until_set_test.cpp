#include "async/until_set.h"

#include "async/stream_fixture.h"
#include "async/task_fixture.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{10'000};

struct UntilSetTest : testing::Test {
  Event event, done;
  int dropped = 0;

  struct Dropped {
    int& count;
    ~Dropped() { ++count; }
  };
  Task<int> seven_when_done() {
    Dropped guard{dropped};
    co_await done;
    co_return 7;
  }
  Task<int> throw_when_done() {
    co_await done;
    throw std::runtime_error("expected by the test");
  }
  Task<std::optional<int>> first(Task<int> task) { co_return co_await UntilSet(event, std::move(task)); }
};

TEST_F(UntilSetTest, TheTaskEndsFirst) {
  Running<std::optional<int>> running(first(seven_when_done()));
  EXPECT_FALSE(running.is_done());
  done.set();
  EXPECT_EQ(running.result(), 7);
  event.set();  // nobody waits for it any more
}

TEST_F(UntilSetTest, TheEventComesFirstAndTheTaskIsDropped) {
  Running<std::optional<int>> running(first(seven_when_done()));
  event.set();
  ASSERT_TRUE(running.is_done());
  EXPECT_EQ(running.result(), std::nullopt);
  EXPECT_EQ(dropped, 1);
  done.set();
}

TEST_F(UntilSetTest, AnEventThatWasSetBeforeStartsNoTask) {
  event.set();
  EXPECT_EQ(finish(first(seven_when_done())), std::nullopt);
  EXPECT_EQ(dropped, 0);
}

TEST_F(UntilSetTest, AResultThatIsThereIsNotLost) {
  event.set();
  EXPECT_EQ(finish(first(Task<int>(3))), 3);
  EXPECT_TRUE(event.is_set());
}

TEST_F(UntilSetTest, DroppingTheWaitDropsTheTaskAndForgetsTheEvent) {
  Running<std::optional<int>> running(first(seven_when_done()));
  running.drop();
  EXPECT_EQ(dropped, 1);
  event.set();
  EXPECT_FALSE(running.is_done());
}

TEST_F(UntilSetTest, AnExceptionOfTheTaskIsThatOfTheWait) {
  struct Catch {
    static Task<bool> thrown(Event& event, Task<int> task) {
      try {
        co_await UntilSet(event, std::move(task));
      } catch (const std::runtime_error&) {
        co_return true;
      }
      co_return false;
    }
  };
  Running<bool> running(Catch::thrown(event, throw_when_done()));
  done.set();
  EXPECT_TRUE(running.result());
}

TEST_F(UntilSetTest, AReadThatIsDroppedLosesNothing) {
  MemoryPeer peer;
  StreamPtr stream = peer.stream();
  struct Read {
    static Task<int> one(Stream& stream) {
      EXPECT_EQ(co_await stream.fill(kLong), IoStatus::kOk);
      co_return static_cast<int>(stream.unread().size());
    }
  };
  Running<std::optional<int>> dropped_read(first(Read::one(*stream)));
  event.set();
  EXPECT_EQ(dropped_read.result(), std::nullopt);
  peer.send("hello");
  event.reset();
  Running<std::optional<int>> again(first(Read::one(*stream)));
  EXPECT_EQ(again.result(), 5);
}

}  // namespace
}  // namespace sallyport::async
