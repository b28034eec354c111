#include "async/mutex.h"

#include "async/event.h"
#include "async/task_group.h"

#include <gmock/gmock.h>

#include <optional>
#include <vector>

namespace sallyport::async {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Fixture {
  Mutex mutex;
  Event go;
  std::vector<int> done;

  Task<void> work(int number) {
    Mutex::Lock lock = co_await mutex.lock();
    done.push_back(number);
  }
  Task<void> work_after_go(int number) {
    Mutex::Lock lock = co_await mutex.lock();
    co_await go;
    done.push_back(number);
  }
};

TEST(Mutex, WhoFindsItFreeDoesNotWait) {
  Fixture f;
  TaskGroup group;
  group.spawn(f.work(1));
  EXPECT_TRUE(group.empty());
  EXPECT_FALSE(f.mutex.is_locked());
}

TEST(Mutex, OthersWaitAndComeInOrder) {
  Fixture f;
  TaskGroup group;
  group.spawn(f.work_after_go(1));
  for (int number : {2, 3, 4}) group.spawn(f.work(number));
  EXPECT_TRUE(f.mutex.is_locked());
  EXPECT_THAT(f.done, IsEmpty());
  f.go.set();
  EXPECT_THAT(f.done, ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(f.mutex.is_locked());
  EXPECT_TRUE(group.empty());
}

TEST(Mutex, AWaiterThatIsDroppedIsPassedOver) {
  Fixture f;
  TaskGroup group;
  group.spawn(f.work_after_go(1));
  std::optional<TaskGroup> dropped(std::in_place);
  dropped->spawn(f.work(2));
  group.spawn(f.work(3));
  dropped.reset();
  f.go.set();
  EXPECT_THAT(f.done, ElementsAre(1, 3));
}

TEST(Mutex, AHolderThatIsDroppedUnlocks) {
  Fixture f;
  std::optional<TaskGroup> dropped(std::in_place);
  dropped->spawn(f.work_after_go(1));
  TaskGroup group;
  group.spawn(f.work(2));
  dropped.reset();
  EXPECT_THAT(f.done, ElementsAre(2));
  EXPECT_FALSE(f.mutex.is_locked());
}

TEST(Mutex, TheStackDoesNotGrowWithTheQueue) {
  Fixture f;
  TaskGroup group;
  group.spawn(f.work_after_go(0));
  for (int number = 1; number <= 100'000; ++number) group.spawn(f.work(number));
  f.go.set();
  EXPECT_EQ(f.done.size(), 100'001u);
  EXPECT_EQ(f.done.back(), 100'000);
}

}  // namespace
}  // namespace sallyport::async
