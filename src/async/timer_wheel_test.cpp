#include "async/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace sallyport::async {
namespace {

struct Probe final : Deadline {
  int expired = 0;
  std::function<void()> then;
  void expire() override {
    ++expired;
    if (then) then();
  }
};

struct TimerWheelTest : testing::Test {
  FakeClock clock;
  TimerWheel wheel{clock.steady()};
  void pass(int milliseconds) {
    clock.advance(Milliseconds(milliseconds));
    wheel.advance(clock.steady());
  }
};

TEST_F(TimerWheelTest, ADeadlineExpiresOnceWhenItsTimeHasCome) {
  Probe probe;
  wheel.set(probe, clock.steady(), Milliseconds(100));
  pass(96);
  EXPECT_EQ(probe.expired, 0);
  pass(12);
  EXPECT_EQ(probe.expired, 1);
  pass(1000);
  EXPECT_EQ(probe.expired, 1);
}

TEST_F(TimerWheelTest, MovingADeadlineLaterPostponesIt) {
  Probe probe;
  wheel.set(probe, clock.steady(), Milliseconds(100));
  pass(50);
  wheel.set(probe, clock.steady(), Milliseconds(100));
  pass(70);
  EXPECT_EQ(probe.expired, 0);
  pass(40);
  EXPECT_EQ(probe.expired, 1);
}

TEST_F(TimerWheelTest, MovingADeadlineEarlierBringsItForward) {
  Probe probe;
  wheel.set(probe, clock.steady(), Milliseconds(5000));
  wheel.set(probe, clock.steady(), Milliseconds(10));
  pass(20);
  EXPECT_EQ(probe.expired, 1);
}

TEST_F(TimerWheelTest, DeadlinesBeyondOneTurnOfTheWheelAreKept) {
  Probe probe;
  wheel.set(probe, clock.steady(), Milliseconds(60'000));
  for (int i = 0; i < 59; ++i) pass(1000);
  EXPECT_EQ(probe.expired, 0);
  pass(1100);
  EXPECT_EQ(probe.expired, 1);
}

TEST_F(TimerWheelTest, ACancelledDeadlineNeverExpires) {
  Probe probe;
  wheel.set(probe, clock.steady(), Milliseconds(10));
  wheel.cancel(probe);
  pass(100);
  EXPECT_EQ(probe.expired, 0);
  wheel.set(probe, clock.steady(), Milliseconds(10));
  pass(100);
  EXPECT_EQ(probe.expired, 1);
}

TEST_F(TimerWheelTest, ExpiringMayDestroyANeighbour) {
  auto other = std::make_unique<Probe>();
  Probe probe;
  wheel.set(*other, clock.steady(), Milliseconds(10));
  wheel.set(probe, clock.steady(), Milliseconds(10));
  probe.then = [&] { other.reset(); };
  pass(100);
  EXPECT_EQ(probe.expired, 1);
}

TEST_F(TimerWheelTest, TheLoopMaySleepUntilTheNextDeadline) {
  Probe probe;
  EXPECT_EQ(wheel.until_next(clock.steady(), Milliseconds(1000)), Milliseconds(1000));
  wheel.set(probe, clock.steady(), Milliseconds(200));
  auto wait = wheel.until_next(clock.steady(), Milliseconds(1000));
  EXPECT_GE(wait, Milliseconds(200));
  EXPECT_LE(wait, Milliseconds(212));
}

TEST_F(TimerWheelTest, ALongPauseExpiresEverythingThatIsDue) {
  Probe near, far;
  wheel.set(near, clock.steady(), Milliseconds(10));
  wheel.set(far, clock.steady(), Milliseconds(100'000));
  pass(1'000'000);
  EXPECT_EQ(near.expired, 1);
  EXPECT_EQ(far.expired, 1);
}

}  // namespace
}  // namespace sallyport::async
