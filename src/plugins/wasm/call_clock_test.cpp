#include "plugins/wasm/call_clock.h"

#include "plugins/wasm/cpu_time.h"

#include <gtest/gtest.h>

#include <atomic>

namespace sallyport::wasm {
namespace {

using std::chrono::milliseconds;

struct Guest {
  static void interrupt(void* self) { ++static_cast<Guest*>(self)->interrupts; }

  // Computes until it is interrupted.
  void compute() {
    while (interrupts == 0) {
    }
  }

  std::atomic<int> interrupts = 0;
};

TEST(CallClockConcurrency, ACallThatNeedsMoreThanItsBudgetIsInterrupted) {
  CallWatcher watcher;
  Guest guest;
  CallClock clock(watcher, milliseconds(20), &Guest::interrupt, &guest);
  for (int i = 0; i < 2; ++i) {
    guest.interrupts = 0;
    clock.begin();
    guest.compute();
    EXPECT_TRUE(clock.end());
  }
}

TEST(CallClockConcurrency, NoOtherGuestIsInterrupted) {
  CallWatcher watcher;
  Guest guest, other, idle;
  CallClock clock(watcher, milliseconds(20), &Guest::interrupt, &guest);
  CallClock patient(watcher, std::chrono::hours(1), &Guest::interrupt, &other);
  CallClock waiting(watcher, milliseconds(1), &Guest::interrupt, &idle);
  clock.begin();
  patient.begin();
  guest.compute();
  EXPECT_TRUE(clock.end());
  EXPECT_FALSE(patient.end());
  EXPECT_EQ(other.interrupts + idle.interrupts, 0);
}

TEST(CallClockConcurrency, EachStepHasABudgetOfItsOwn) {
  CallWatcher watcher;
  Guest guest;
  CallClock clock(watcher, milliseconds(20), &Guest::interrupt, &guest);
  std::uint32_t step = 0;
  clock.watch_step(&step);
  clock.begin();
  for (auto until = thread_cpu_time() + milliseconds(100); thread_cpu_time() < until;) {
    std::atomic_ref(step).fetch_add(1);
  }
  EXPECT_FALSE(clock.end());
}

}  // namespace
}  // namespace sallyport::wasm
