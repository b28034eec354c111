#include "upstream/node_health.h"

#include "base/log_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::upstream {
namespace {

using enum HealthReport;
using enum HealthState;
using testing::ElementsAre;

struct NodeHealthTest : testing::Test {
  SteadyTime now{std::chrono::hours(1)};
  NodeHealth health{"upstreams/1", "a.test", "10.0.0.1", 80, now};

  HealthState after(HealthReport report, std::uint8_t limit) {
    health.report(report, limit, now);
    return health.state();
  }
  void make_unhealthy() { health.report(kTcpFailure, 1, now); }
};

TEST_F(NodeHealthTest, FailuresInARowMakeANodeUnhealthy) {
  EXPECT_EQ(after(kHttpFailure, 3), kMostlyHealthy);
  EXPECT_EQ(after(kHttpFailure, 3), kMostlyHealthy);
  EXPECT_TRUE(health.is_usable(now));
  EXPECT_EQ(after(kHttpFailure, 3), kUnhealthy);
  EXPECT_FALSE(health.is_usable(now));
}

TEST_F(NodeHealthTest, SuccessesInARowMakeItHealthyAgain) {
  make_unhealthy();
  EXPECT_EQ(after(kSuccess, 2), kMostlyUnhealthy);
  EXPECT_FALSE(health.is_usable(now));
  EXPECT_EQ(after(kSuccess, 2), kHealthy);
  EXPECT_TRUE(health.is_usable(now));
}

TEST_F(NodeHealthTest, ASuccessForgetsFailuresAndAFailureSuccesses) {
  after(kTcpFailure, 3);
  after(kTimeout, 3);
  EXPECT_EQ(health.counters(), (HealthCounters{0, 0, 1, 1}));
  EXPECT_EQ(after(kSuccess, 2), kMostlyHealthy);
  EXPECT_EQ(health.counters(), (HealthCounters{1, 0, 0, 0}));
  after(kTcpFailure, 3);
  EXPECT_EQ(health.counters(), (HealthCounters{0, 0, 1, 0}));
}

TEST_F(NodeHealthTest, NothingIsCountedForAStateThatIsReached) {
  EXPECT_EQ(after(kSuccess, 2), kHealthy);
  EXPECT_EQ(health.counters(), HealthCounters{});
  make_unhealthy();
  after(kTimeout, 3);
  EXPECT_EQ(health.counters(), (HealthCounters{0, 0, 1, 0}));
}

TEST_F(NodeHealthTest, ALimitOfZeroCountsNothing) {
  EXPECT_EQ(after(kTimeout, 0), kHealthy);
  EXPECT_EQ(health.counters(), HealthCounters{});
}

TEST_F(NodeHealthTest, WithoutProbesItIsTriedAgainAfterATime) {
  using namespace std::chrono_literals;
  health.report(kTimeout, 1, now, now + 10s);
  EXPECT_FALSE(health.is_usable(now + 9s));
  EXPECT_TRUE(health.is_usable(now + 10s));
  EXPECT_EQ(health.state(), kMostlyHealthy);
  health.report(kTcpFailure, 5, now + 11s, now + 21s);
  EXPECT_FALSE(health.is_usable(now + 12s)) << "one failure is enough";
  EXPECT_TRUE(health.is_usable(now + 21s));
  health.report(kSuccess, 1, now + 22s);
  EXPECT_EQ(health.state(), kHealthy);
  health.report(kTcpFailure, 2, now + 23s, now + 33s);
  EXPECT_TRUE(health.is_usable(now + 24s)) << "it takes as many as before";
}

TEST_F(NodeHealthTest, EachChangeIsALineOfTheLog) {
  log::Capture log;
  for (int i = 0; i < 3; ++i) after(kTcpFailure, 2);
  for (int i = 0; i < 3; ++i) after(kSuccess, 2);
  EXPECT_THAT(log.take(),
              ElementsAre("info upstream of upstreams/1: node 10.0.0.1:80 (a.test) is mostly_healthy, was healthy",
                          "warn upstream of upstreams/1: node 10.0.0.1:80 (a.test) is unhealthy, was mostly_healthy",
                          "info upstream of upstreams/1: node 10.0.0.1:80 (a.test) is mostly_unhealthy, was unhealthy",
                          "warn upstream of upstreams/1: node 10.0.0.1:80 (a.test) is healthy, was mostly_unhealthy"));
}

}  // namespace
}  // namespace sallyport::upstream
