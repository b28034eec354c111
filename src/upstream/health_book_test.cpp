#include "upstream/health_book.h"

#include "upstream/balancer_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::upstream {
namespace {

struct HealthBookTest : testing::Test {
  static ClusterPtr checked(NodeWords words, std::string key = "upstreams/1") {
    words.upstream.checks = resources::HealthChecks{};
    return BalancerFixture::cluster(words, std::move(key));
  }
  NodeHealthPtr of(const ClusterPtr& cluster, std::size_t node, const char* ip) {
    const Node& of_it = cluster->nodes()[node];
    return book.of(*cluster, of_it, *async::Address::from_ip(ip, of_it.port), SteadyTime{});
  }
  HealthBook book;
};

TEST_F(HealthBookTest, ANodeKeepsItsHealthThroughChangesOfItsCluster) {
  const NodeHealthPtr before = of(checked(NodeWords()("10.0.0.1:80")), 0, "10.0.0.1");
  auto changed = checked(NodeWords()("10.0.0.2:80")("10.0.0.1:80", 5));
  book.keep_only({changed});
  EXPECT_EQ(of(changed, 1, "10.0.0.1"), before);
  EXPECT_NE(of(changed, 0, "10.0.0.2"), before);
  EXPECT_NE(of(checked(NodeWords()("10.0.0.1:80"), "upstreams/2"), 0, "10.0.0.1"), before);
}

TEST_F(HealthBookTest, WhatIsGoneIsForgotten) {
  auto two = checked(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  const NodeHealthPtr first = of(two, 0, "10.0.0.1"), second = of(two, 1, "10.0.0.2");
  auto one = checked(NodeWords()("10.0.0.2:80"));
  book.keep_only({one});
  EXPECT_EQ(book.clusters().at(0).nodes, std::vector{second});
  book.keep_only({});
  EXPECT_TRUE(book.clusters().empty());
  EXPECT_NE(of(one, 0, "10.0.0.2"), second);
}

TEST_F(HealthBookTest, AddressesThatANameNoLongerHasGoWithTheirLastUser) {
  auto named = checked(NodeWords()("a.test:80"));
  book.keep_only({named});
  of(named, 0, "10.0.0.1");
  const NodeHealthPtr held = of(named, 0, "10.0.0.2");
  const NodeHealthPtr last = of(named, 0, "10.0.0.3");
  EXPECT_EQ(book.clusters().at(0).nodes, (std::vector{held, last}));
}

}  // namespace
}  // namespace sallyport::upstream
