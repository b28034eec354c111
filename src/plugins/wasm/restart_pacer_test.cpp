#include "plugins/wasm/restart_pacer.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kBegin{std::chrono::hours(1)};

TEST(RestartPacer, FailingNowAndThenCostsNoWait) {
  RestartPacer pacer(Restart::kAtOnce);
  SteadyTime now = kBegin;
  for (int i = 0; i < 1000; ++i) {
    pacer.started(now, 5ms);
    EXPECT_LE(pacer.next(), now);
    now += 50ms;
  }
}

TEST(RestartPacer, AFewFailuresAtOnceCostNoWait) {
  RestartPacer pacer(Restart::kAtOnce);
  for (int i = 0; i < 100; ++i) pacer.started(kBegin, 1ms);
  EXPECT_LE(pacer.next(), kBegin);
  pacer.started(kBegin, 1ms);
  EXPECT_GE(pacer.next(), kBegin + 10ms);
  EXPECT_LE(pacer.next(), kBegin + 15ms);
}

TEST(RestartPacer, FailingAgainAndAgainTakesATenthOfTheTime) {
  RestartPacer pacer(Restart::kAtOnce);
  SteadyTime now = kBegin;
  int starts = 0;
  for (; now < kBegin + 100s; ++starts) {
    pacer.started(now, 20ms);
    now = std::max(now, pacer.next());
  }
  EXPECT_LE(starts * 20ms, 100s / RestartPacer::kShare + RestartPacer::kBurst + 20ms);
  EXPECT_GE(starts * 20ms, 100s / RestartPacer::kShare / 2);
}

TEST(RestartPacer, ARestFromFailuresIsForgottenNoEarlierThanItIsEarned) {
  RestartPacer pacer(Restart::kAtOnce);
  for (int i = 0; i < 2; ++i) pacer.started(kBegin, 100ms);
  pacer.started(kBegin + 10s, 50ms);
  EXPECT_LE(pacer.next(), kBegin + 10s);
}

TEST(RestartPacer, AReloadWaitsForASecondAfterTheLastStart) {
  bool differ = false;
  SteadyTime first{};
  for (int i = 0; i < 20; ++i) {
    RestartPacer pacer(Restart::kAfterInterval);
    EXPECT_LE(pacer.next(), kBegin);
    pacer.started(kBegin, 1us);
    EXPECT_GE(pacer.next(), kBegin + 1s);
    EXPECT_LE(pacer.next(), kBegin + 1500ms);
    if (i == 0) first = pacer.next();
    differ = differ || pacer.next() != first;
  }
  EXPECT_TRUE(differ);
}

}  // namespace
}  // namespace sallyport::wasm
