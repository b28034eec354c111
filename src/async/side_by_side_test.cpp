#include "async/side_by_side.h"

#include "async/event.h"
#include "async/task_fixture.h"

#include <gmock/gmock.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sallyport::async {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct SideBySideTest : ::testing::Test {
  // Waits for the event of its number, and keeps something that must be freed once.
  Task<void> part(std::size_t number) {
    auto kept = std::make_unique<std::string>("began " + std::to_string(number));
    told.push_back(*kept);
    co_await events[number];
    told.push_back("ended " + std::to_string(number));
  }
  Task<void> at_once(std::string what) {
    told.push_back(std::move(what));
    co_return;
  }
  Task<void> thrower(std::string what) {
    co_await events[0];
    throw std::runtime_error(what);
  }

  // Ends, and with it all parts, in the moment in which the last part does.
  Task<bool> all(std::vector<Task<void>> tasks) {
    SideBySide parts(std::move(tasks));
    co_await parts;
    told.emplace_back("all");
    co_return true;
  }
  std::vector<Task<void>> parts_of(std::size_t count) {
    std::vector<Task<void>> tasks;
    tasks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(part(i));
    return tasks;
  }

  Event events[3];
  std::vector<std::string> told;
};

TEST_F(SideBySideTest, AllBeginAndTheWholeEndsWithTheLast) {
  Running<bool> running(all(parts_of(3)));
  EXPECT_THAT(told, ElementsAre("began 0", "began 1", "began 2"));
  events[1].set();
  events[2].set();
  EXPECT_FALSE(running.is_done());
  events[0].set();
  EXPECT_TRUE(running.is_done());
  EXPECT_THAT(told, ElementsAre("began 0", "began 1", "began 2", "ended 1", "ended 2", "ended 0", "all"));
}

TEST_F(SideBySideTest, WhatWaitsForNothingEndsAtOnce) {
  std::vector<Task<void>> tasks;
  tasks.push_back(at_once("one"));
  tasks.emplace_back();
  tasks.push_back(at_once("two"));
  EXPECT_TRUE(finish(all(std::move(tasks))));
  EXPECT_TRUE(finish(all({})));
  EXPECT_THAT(told, ElementsAre("one", "two", "all", "all"));
}

TEST_F(SideBySideTest, SomeMayEndWhileOthersBegin) {
  std::vector<Task<void>> tasks = parts_of(2);
  tasks.push_back(at_once("between"));
  events[0].set();
  Running<bool> running(all(std::move(tasks)));
  EXPECT_THAT(told, ElementsAre("began 0", "ended 0", "began 1", "between"));
  events[1].set();
  EXPECT_TRUE(running.is_done());
}

TEST_F(SideBySideTest, DroppingTheWholeDropsThePartsThatWait) {
  Running<bool> running(all(parts_of(3)));
  events[1].set();
  running.drop();
  told.clear();
  events[0].set();
  events[2].set();
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(SideBySideTest, WhatIsNeverAwaitedNeverBegins) {
  {
    SideBySide parts(parts_of(3));
  }
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(SideBySideTest, AnExceptionWaitsForTheOthers) {
  auto caught = [](SideBySideTest& test) -> Task<std::string> {
    std::vector<Task<void>> tasks;
    tasks.push_back(test.thrower("first"));
    tasks.push_back(test.part(1));
    try {
      co_await test.all(std::move(tasks));
    } catch (const std::runtime_error& thrown) {
      co_return thrown.what();
    }
    co_return "nothing";
  };
  Running<std::string> running(caught(*this));
  events[0].set();
  EXPECT_FALSE(running.is_done());
  events[1].set();
  EXPECT_EQ(running.result(), "first");
}

}  // namespace
}  // namespace sallyport::async
