#include "async/task.h"

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

// Writes down when it ends.
struct Mark {
  Mark(std::vector<std::string>& into, std::string text) : log(into), what(std::move(text)) {}
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark() { log.push_back(what); }
  std::vector<std::string>& log;
  std::string what;
};

Task<int> ready() { return 7; }
Task<int> started(int value) { co_return value; }
Task<int> after(Event& event, int value) {
  co_await event;
  co_return value;
}
Task<int> thrower() {
  throw std::runtime_error("no");
  co_return 0;
}

TEST(Task, AValueIsAFinishedTask) {
  Task<int> task = ready();
  EXPECT_TRUE(task.is_ready());
  EXPECT_EQ(finish(std::move(task)), 7);
  EXPECT_TRUE(Task<void>().is_ready());
}

TEST(Task, ACoroutineStartsWhenItIsAwaited) {
  Task<int> task = started(3);
  EXPECT_FALSE(task.is_ready());
  EXPECT_EQ(finish(std::move(task)), 3);
}

TEST(Task, AnExceptionReachesWhoAwaits) {
  auto caught = []() -> Task<std::string> {
    try {
      co_await thrower();
    } catch (const std::runtime_error& thrown) {
      co_return thrown.what();
    }
    co_return "nothing";
  };
  EXPECT_EQ(finish(caught()), "no");
}

TEST(Task, ResultsNeedNoCopy) {
  auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  EXPECT_EQ(*finish(make()), 5);
}

TEST(Task, DroppingATaskEndsItFromTheInsideOut) {
  std::vector<std::string> log;
  Event never;
  auto inner = [](std::vector<std::string>& to, Event& event) -> Task<void> {
    Mark mark(to, "inner");
    co_await event;
  };
  auto outer = [&inner](std::vector<std::string>& to, Event& event) -> Task<void> {
    Mark mark(to, "outer");
    co_await inner(to, event);
  };
  {
    TaskGroup group;
    group.spawn(outer(log, never));
    EXPECT_THAT(log, ElementsAre());
  }
  EXPECT_THAT(log, ElementsAre("inner", "outer"));
  never.set();  // nobody is resumed
}

TEST(Task, ATaskThatWasNeverAwaitedRunsNothing) {
  std::vector<std::string> log;
  auto work = [](std::vector<std::string>& to) -> Task<void> {
    Mark mark(to, "ran");
    co_return;
  };
  {
    Task<void> task = work(log);
  }
  EXPECT_TRUE(log.empty());
}

TEST(Task, AssigningDropsWhatWasThere) {
  std::vector<std::string> log;
  Event never;
  auto work = [](std::vector<std::string>& to, Event& event, std::string name) -> Task<void> {
    Mark mark(to, name);
    co_await event;
  };
  Task<void> task = work(log, never, "first");
  Task<void> other = work(log, never, "second");
  task = std::move(other);
  EXPECT_TRUE(log.empty());  // neither had started
  EXPECT_TRUE(other.is_ready());
}

TEST(Task, ALongRowOfAwaitsNeedsNoStack) {
  auto many = []() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await started(1);
    co_return sum;
  };
  EXPECT_EQ(finish(many()), 1'000'000);
}

TEST(TaskGroup, CountsWhatIsAtWork) {
  TaskGroup group;
  Event first, second;
  auto wait = [](Event& event) -> Task<void> { co_await event; };
  group.spawn(wait(first));
  group.spawn(wait(second));
  EXPECT_EQ(group.size(), 2u);
  first.set();
  EXPECT_EQ(group.size(), 1u);
  second.set();
  EXPECT_TRUE(group.empty());
}

TEST(TaskGroup, AnExceptionEndsOneTaskOnly) {
  TaskGroup group;
  Event event;
  auto wait = [](Event& e) -> Task<void> { co_await e; };
  auto fail_after = [](Event& e) -> Task<void> {
    co_await e;
    throw std::runtime_error("expected by the test");
  };
  Event other;
  group.spawn(wait(other));
  group.spawn(fail_after(event));
  event.set();
  EXPECT_EQ(group.size(), 1u);
  other.set();
  EXPECT_TRUE(group.empty());
}

TEST(TaskGroup, ATaskMaySpawnIntoItsOwnGroup) {
  TaskGroup group;
  Event event;
  int ran = 0;
  auto child = [](int& count) -> Task<void> {
    ++count;
    co_return;
  };
  auto parent = [&child](TaskGroup& own, Event& e, int& count) -> Task<void> {
    co_await e;
    own.spawn(child(count));
  };
  group.spawn(parent(group, event, ran));
  event.set();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(group.empty());
}

TEST(TaskGroup, CleaningUpMayCancelTheGroupAgain) {
  struct Canceller {
    TaskGroup& group;
    ~Canceller() { group.cancel_all(); }
  };
  TaskGroup group;
  Event never;
  auto work = [](TaskGroup& own, Event& e) -> Task<void> {
    Canceller at_the_end{own};
    co_await e;
  };
  for (int i = 0; i < 3; ++i) group.spawn(work(group, never));
  group.cancel_all();
  EXPECT_TRUE(group.empty());
}

TEST(Event, SettingBeforeAnybodyWaitsIsRemembered) {
  Event event;
  event.set();
  Running<int> running(after(event, 1));
  EXPECT_TRUE(running.is_done());
  event.reset();
  Running<int> again(after(event, 2));
  EXPECT_FALSE(again.is_done());
  event.set();
  EXPECT_EQ(again.result(), 2);
}

TEST(Event, WhoIsResumedMayEndTheEvent) {
  auto event = std::make_unique<Event>();
  auto ends_it = [](std::unique_ptr<Event>& owner) -> Task<int> {
    co_await *owner;
    owner.reset();
    co_return 1;
  };
  Running<int> running(ends_it(event));
  event->set();
  EXPECT_EQ(running.result(), 1);
}

}  // namespace
}  // namespace sallyport::async
