#include "upstream/balancer.h"
#include "upstream/balancer_fixture.h"
#include "upstream/health_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace sallyport::upstream {
namespace {

using namespace std::chrono_literals;

TEST(Latency, IsAnAverageInWhichTheLastCountsMore) {
  Latency latency;
  SteadyTime now{1h};
  EXPECT_FALSE(latency.is_known());
  latency.add(100ms, now);
  EXPECT_DOUBLE_EQ(latency.at(now), 0.1);
  latency.add(200ms, now + 10s);
  EXPECT_NEAR(latency.at(now + 10s), 0.1 / 2.71828 + 0.2 * (1 - 1 / 2.71828), 1e-5);
  EXPECT_NEAR(latency.at(now + 20s), latency.at(now + 10s) / 2.71828, 1e-5);
}

struct BalancerLatencyTest : testing::Test, BalancerFixture {
  static ClusterPtr by_latency(NodeWords words) { return cluster(words.type("ewma")); }

  // Serves one request that takes so long; which endpoint it was.
  std::string serve(const Cluster& cluster, const std::map<std::string, Milliseconds>& took) {
    EndpointRef used = hold(cluster);
    report_latency(cluster, *used, took.at(used->text), reactor.now());
    return used->text;
  }
};

TEST_F(BalancerLatencyTest, TheFasterOfTwoIsChosenOnceBothAreKnown) {
  auto two = by_latency(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  const std::map<std::string, Milliseconds> took{{"10.0.0.1:80", 50ms}, {"10.0.0.2:80", 5ms}};
  EXPECT_NE(serve(*two, took), serve(*two, took)) << "what is not known counts as fast";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(serve(*two, took), "10.0.0.2:80");
}

TEST_F(BalancerLatencyTest, TheSlowestOfThreeIsNeverChosen) {
  auto three = by_latency(NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80"));
  const std::map<std::string, Milliseconds> took{{"10.0.0.1:80", 50ms}, {"10.0.0.2:80", 5ms}, {"10.0.0.3:80", 10ms}};
  std::map<std::string, int> counts;
  for (int i = 0; i < 40 && counts.size() < 3; ++i) ++counts[serve(*three, took)];
  counts.clear();
  for (int i = 0; i < 60; ++i) ++counts[serve(*three, took)];
  EXPECT_EQ(counts["10.0.0.1:80"], 0);
  EXPECT_GT(counts["10.0.0.3:80"], 0) << "two of three are compared";
}

TEST_F(BalancerLatencyTest, WhatIsNotKnownYetGetsOneRequestAtATime) {
  auto two = by_latency(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  EndpointRef known = hold(*two);
  report_latency(*two, *known, 5ms, reactor.now());
  EndpointRef unknown = hold(*two);
  EXPECT_NE(unknown->text, known->text);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pick(*two), known->text);
}

TEST_F(BalancerLatencyTest, AFurtherTryGoesElsewhereAndWeightZeroIsNeverChosen) {
  auto three = by_latency(NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80", 0));
  Tried tried;
  EndpointRef first = hold(*three);
  tried.add(first);
  EndpointRef second = hold(*three, tried);
  EXPECT_NE(first->text, second->text);
  EXPECT_NE(second->text, "10.0.0.3:80");
  tried.add(second);
  EXPECT_THAT(pick(*three, tried), testing::HasSubstr("every endpoint was tried"));
}

TEST_F(BalancerLatencyTest, WhatIsKnownSurvivesAChangeOfTheCluster) {
  const std::map<std::string, Milliseconds> took{{"10.0.0.1:80", 50ms}, {"10.0.0.2:80", 5ms}};
  NodeWords words = NodeWords()("10.0.0.1:80")("10.0.0.2:80");
  auto before = by_latency(words);
  for (int i = 0; i < 2; ++i) serve(*before, took);
  auto after = by_latency(words);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pick(*after), "10.0.0.2:80");
}

struct SlowStartTest : testing::Test, BalancerFixture {
  static ClusterPtr slow(NodeWords words) {
    words.upstream.slow_start = 10s;
    return cluster(words);
  }
  // Of a hundred requests those that `node` gets.
  long share(const Cluster& cluster, const std::string& node) { return std::ranges::count(picks(cluster, 100), node); }
};

TEST_F(SlowStartTest, ANodeThatComesNewGetsItsShareLittleByLittle) {
  NodeWords words = NodeWords()("10.0.0.1:80");
  pick(*slow(words));
  reactor.advance(20s);
  auto two = slow(words("10.0.0.2:80"));
  EXPECT_NEAR(share(*two, "10.0.0.2:80"), 9, 2);
  reactor.advance(5s);
  EXPECT_NEAR(share(*two, "10.0.0.2:80"), 33, 2);
  reactor.advance(5s);
  EXPECT_NEAR(share(*two, "10.0.0.2:80"), 50, 1);
}

TEST_F(SlowStartTest, WhereAllAreNewAllGetTheSame) {
  auto two = slow(NodeWords()("10.0.0.1:80")("10.0.0.2:80", 3));
  EXPECT_NEAR(share(*two, "10.0.0.2:80"), 75, 1);
}

}  // namespace
}  // namespace sallyport::upstream
