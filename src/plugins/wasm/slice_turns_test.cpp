#include "plugins/wasm/slice_turns.h"

#include "async/task_fixture.h"

#include <gmock/gmock.h>

#include <deque>
#include <string>

namespace sallyport::wasm {
namespace {

using async::Running;

class SliceTurnsTest : public testing::Test {
 protected:
  async::Task<int> work(char name, int slices) {
    for (int i = 0; i < slices; ++i) {
      co_await turns_->next();
      done_ += name;
    }
    co_return 0;
  }
  // One turn of the loop: the messages that are there at its begin.
  void turn() {
    std::deque<Message> now = std::exchange(messages_, {});
    for (Message& message : now) message();
    done_ += '.';
  }

  std::deque<Message> messages_;
  std::shared_ptr<SliceTurns> turns_ =
      std::make_shared<SliceTurns>([this](Message message) { messages_.push_back(std::move(message)); });
  std::string done_;
};

TEST_F(SliceTurnsTest, OneSliceATurnInTheOrderInWhichTheyCame) {
  Running a(work('a', 3)), b(work('b', 1)), c(work('c', 2));
  EXPECT_EQ(turns_->waiting(), 3u);
  while (!messages_.empty()) turn();
  EXPECT_EQ(done_, "a.b.c.a.c.a.");
  EXPECT_TRUE(a.is_done() && b.is_done() && c.is_done());
}

TEST_F(SliceTurnsTest, WhatIsDroppedGivesItsPlaceUp) {
  Running a(work('a', 2)), c(work('c', 1));
  {
    Running b(work('b', 1));
    turn();
  }
  c.drop();
  while (!messages_.empty()) turn();
  EXPECT_EQ(done_, "a.a.");
}

TEST_F(SliceTurnsTest, TheLastThatGoesLeavesNothingBehind) {
  {
    Running a(work('a', 1));
  }
  while (!messages_.empty()) turn();
  EXPECT_EQ(done_, ".");
  {
    Running b(work('b', 1));
  }
  turns_.reset();
  while (!messages_.empty()) turn();
  EXPECT_EQ(done_, "..");
}

}  // namespace
}  // namespace sallyport::wasm
