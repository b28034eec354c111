#include "async/until_hangup.h"

#include "async/event.h"
#include "async/stream_fixture.h"
#include "async/task_fixture.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{10'000};

struct UntilHangupTest : testing::Test {
  MemoryPeer peer;
  StreamPtr stream = peer.stream();
  Event done;
  bool dropped = false;

  struct Dropped {
    bool& flag;
    ~Dropped() { flag = true; }
  };
  Task<void> wait_for_done() {
    Dropped guard{dropped};
    co_await done;
  }
  Task<void> read() {
    Dropped guard{dropped};
    read_status = co_await stream->fill(kLong);
    co_await done;
  }
  Task<void> throw_after_done() {
    co_await done;
    throw std::runtime_error("expected by the test");
  }
  Task<bool> guarded(Task<void> task) { co_return co_await UntilHangup(*stream, std::move(task)); }
  Task<bool> guarded_and_caught(Task<void> task) {
    try {
      co_await UntilHangup(*stream, std::move(task));
    } catch (const std::runtime_error&) {
      co_return true;
    }
    co_return false;
  }
  IoStatus read_status = IoStatus::kOk;
};

TEST_F(UntilHangupTest, AReadyTaskEndsAtOnce) { EXPECT_TRUE(finish(guarded(Task<void>()))); }

TEST_F(UntilHangupTest, TheTaskEndsFirst) {
  Running<bool> running(guarded(wait_for_done()));
  EXPECT_FALSE(running.is_done());
  done.set();
  EXPECT_TRUE(running.result());
  peer.end();  // nobody listens any more
}

TEST_F(UntilHangupTest, ThePeerGoesFirstAndTheTaskIsDropped) {
  Running<bool> running(guarded(wait_for_done()));
  peer.end();
  EXPECT_FALSE(running.result());
  EXPECT_TRUE(dropped);
  done.set();
}

TEST_F(UntilHangupTest, ABrokenConnectionCountsAsGone) {
  Running<bool> running(guarded(wait_for_done()));
  peer.reset();
  EXPECT_FALSE(running.result());
}

TEST_F(UntilHangupTest, AReadInsideTheTaskSeesTheEndItself) {
  Running<bool> running(guarded(read()));
  peer.end();
  EXPECT_FALSE(running.is_done());
  EXPECT_EQ(read_status, IoStatus::kEnd);
  done.set();
  EXPECT_TRUE(running.result());
}

TEST_F(UntilHangupTest, BytesAreNoHangup) {
  Running<bool> running(guarded(wait_for_done()));
  peer.send("the next request");
  EXPECT_FALSE(running.is_done());
  done.set();
  EXPECT_TRUE(running.result());
}

TEST_F(UntilHangupTest, AnExceptionOfTheTaskPasses) {
  Running<bool> running(guarded_and_caught(throw_after_done()));
  done.set();
  EXPECT_TRUE(running.result());
  peer.end();
}

TEST_F(UntilHangupTest, DroppingTheWholeStopsListening) {
  Running<bool> running(guarded(wait_for_done()));
  running.drop();
  EXPECT_TRUE(dropped);
  peer.end();
  EXPECT_FALSE(running.is_done());
}

}  // namespace
}  // namespace sallyport::async
