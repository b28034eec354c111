#include "base/log_fixture.h"
#include "upstream/balancer.h"
#include "upstream/balancer_fixture.h"
#include "upstream/health_book.h"
#include "upstream/health_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::upstream {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

struct WithBook {
  HealthBook book;
  BalancerOptions options() {
    BalancerOptions options;
    options.health = &book;
    return options;
  }
};

struct BalancerHealthTest : testing::Test, WithBook, BalancerFixture {
  BalancerHealthTest() : BalancerFixture(options()) {}

  static ClusterPtr checked(NodeWords words) {
    resources::PassiveChecks passive;
    passive.limits.healthy_statuses.add(200);
    passive.limits.unhealthy_statuses.add(500);
    passive.limits.successes = passive.limits.http_failures = passive.limits.tcp_failures = 1;
    passive.limits.timeouts = 2;
    words.upstream.checks = resources::HealthChecks{{}, passive};
    return cluster(words);
  }
  NodeHealthPtr health(const Cluster& cluster, std::size_t index) {
    const Node& node = cluster.nodes()[index];
    return book.of(cluster, node, *node.literal, reactor.now());
  }
  void fail_node(const Cluster& cluster, std::size_t index) {
    health(cluster, index)->report(HealthReport::kTcpFailure, 1, reactor.now());
  }
};

TEST_F(BalancerHealthTest, AnUnhealthyNodeGetsNothingUntilItIsHealthyAgain) {
  auto two = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  fail_node(*two, 0);
  EXPECT_THAT(picks(*two, 4), Each("10.0.0.2:80"));
  health(*two, 0)->report(HealthReport::kSuccess, 1, reactor.now());
  EXPECT_THAT(picks(*two, 2), Contains("10.0.0.1:80"));
}

TEST_F(BalancerHealthTest, TheKeysOfAnUnhealthyNodeGoToTheNextOnesOfTheRing) {
  auto ring = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80").hash(resources::HashOn::kVars, "uri"));
  const std::string usual = pick(*ring);
  fail_node(*ring, usual == "10.0.0.1:80" ? 0 : 1);
  EXPECT_NE(pick(*ring), usual);
}

TEST_F(BalancerHealthTest, LowerPrioritiesServeWhenAllHigherOnesAreUnhealthy) {
  auto two = checked(NodeWords()("10.0.0.1:80", 1, 1)("10.0.0.2:80", 1, 0));
  EXPECT_THAT(picks(*two, 2), Each("10.0.0.1:80"));
  fail_node(*two, 0);
  EXPECT_THAT(picks(*two, 2), Each("10.0.0.2:80"));
}

TEST_F(BalancerHealthTest, WhereNoNodeIsHealthyAllAreUsedWithOneWarning) {
  auto two = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  fail_node(*two, 0);
  fail_node(*two, 1);
  log::Capture log;
  const auto picked = picks(*two, 4);
  EXPECT_THAT(picked, Contains("10.0.0.1:80"));
  EXPECT_THAT(picked, Contains("10.0.0.2:80"));
  EXPECT_THAT(log.take(),
              testing::ElementsAre("warn upstream of upstreams/1: no node is healthy; requests go to all of them"));
}

TEST_F(BalancerHealthTest, AFurtherTryGoesToNoUnhealthyNodeWhileOthersAreHealthy) {
  auto two = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  fail_node(*two, 1);
  Tried tried;
  tried.add(hold(*two));
  EXPECT_THAT(pick(*two, tried), HasSubstr("every endpoint was tried"));
}

TEST_F(BalancerHealthTest, HealthSurvivesAChangeOfTheCluster) {
  fail_node(*checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80")), 0);
  EXPECT_THAT(picks(*checked(NodeWords()("10.0.0.1:80", 3)("10.0.0.3:80")), 4), Each("10.0.0.3:80"));
  EXPECT_THAT(picks(*cluster(NodeWords()("10.0.0.1:80", 3)("10.0.0.3:80")), 4), Contains("10.0.0.1:80"))
      << "without checks it plays no part";
}

TEST_F(BalancerHealthTest, WhatBecomesOfRequestsIsReportedForPassiveChecks) {
  auto two = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  EndpointRef used = hold(*two);
  report_status(*two, *used, 404, reactor.now());
  EXPECT_EQ(used->health->state(), HealthState::kHealthy);
  report_status(*two, *used, 500, reactor.now());
  EXPECT_EQ(used->health->state(), HealthState::kUnhealthy);
  report_status(*two, *used, 200, reactor.now());
  EXPECT_EQ(used->health->state(), HealthState::kHealthy);
  report_failure(*two, *used, Error{ErrorCode::kTimeout, "", Side::kUpstream, Retry::kNever}, reactor.now());
  EXPECT_EQ(used->health->state(), HealthState::kMostlyHealthy);
  report_failure(*two, *used, Error{ErrorCode::kUnavailable, "no certificate", Side::kUpstream, Retry::kNever},
                 reactor.now());
  EXPECT_EQ(used->health->state(), HealthState::kMostlyHealthy);
  report_failure(*two, *used, Error{ErrorCode::kClosed, "", Side::kUpstream, Retry::kNever}, reactor.now());
  EXPECT_EQ(used->health->state(), HealthState::kUnhealthy);
}

TEST_F(BalancerHealthTest, WithPassiveChecksAloneANodeIsTriedAgainAfterItsRecoveryTime) {
  auto two = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  EndpointRef used = hold(*two);
  const std::string text = used->text;
  report_status(*two, *used, 500, reactor.now());
  reactor.advance(29s);
  EXPECT_THAT(picks(*two, 4), Not(Contains(text)));
  reactor.advance(1s);
  EXPECT_THAT(picks(*two, 4), Contains(text));
}

TEST_F(BalancerHealthTest, ANodeThatIsHealthyAgainStartsSlowly) {
  NodeWords words = NodeWords()("10.0.0.1:80")("10.0.0.2:80");
  words.upstream.slow_start = 10s;
  auto two = checked(words);
  pick(*two);
  fail_node(*two, 0);
  reactor.advance(20s);
  health(*two, 0)->report(HealthReport::kSuccess, 1, reactor.now());
  const auto soon = picks(*two, 100);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(soon, "10.0.0.1:80")), 9, 2);
  reactor.advance(10s);
  const auto later = picks(*two, 100);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(later, "10.0.0.1:80")), 50, 1);
}

}  // namespace
}  // namespace sallyport::upstream
