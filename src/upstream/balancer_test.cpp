#include "upstream/balancer.h"

#include "upstream/balancer_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace sallyport::upstream {
namespace {

using testing::ElementsAre;

struct BalancerTest : testing::Test, BalancerFixture {};

std::map<std::string, int> counted(const std::vector<std::string>& picks) {
  std::map<std::string, int> counts;
  for (const auto& pick : picks) ++counts[pick];
  return counts;
}

TEST_F(BalancerTest, RoundRobinInterleavesSmoothlyByWeight) {
  auto three = cluster(NodeWords()("10.0.0.1:80", 3)("10.0.0.2:80", 1));
  EXPECT_THAT(picks(*three, 4), ElementsAre("10.0.0.1:80", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"));
  EXPECT_EQ(counted(picks(*three, 400)), (std::map<std::string, int>{{"10.0.0.1:80", 300}, {"10.0.0.2:80", 100}}));
}

TEST_F(BalancerTest, WeightZeroIsNeverChosenEvenWhenTheOthersWereTried) {
  auto three = cluster(NodeWords()("10.0.0.1:80", 1)("10.0.0.2:80", 0)("10.0.0.3:80", 1));
  Tried tried;
  EXPECT_THAT(picks(*three, 3), ElementsAre("10.0.0.1:80", "10.0.0.3:80", "10.0.0.1:80"));
  tried.add(hold(*three));
  tried.add(hold(*three));
  EXPECT_THAT(pick(*three, tried), testing::HasSubstr("every endpoint was tried"));
}

// As in APISIX.
TEST_F(BalancerTest, AFurtherTryGoesToTheOnlyNodeOfAnyWeightAgain) {
  for (const char* type : {"roundrobin", "chash"}) {
    auto two =
        cluster(NodeWords()("10.0.0.1:80", 1)("10.0.0.2:80", 0).hash(resources::HashOn::kVars, "uri").type(type));
    Tried tried;
    tried.add(hold(*two));
    EXPECT_EQ(pick(*two, tried), "10.0.0.1:80") << type;
  }
}

TEST_F(BalancerTest, AFurtherTryGoesElsewhereUntilNoneIsLeft) {
  auto three = cluster(NodeWords()("10.0.0.1:80", 100)("10.0.0.2:80", 1)("10.0.0.3:80", 1));
  Tried tried;
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    EndpointRef endpoint = hold(*three, tried);
    seen.insert(endpoint->text);
    tried.add(endpoint);
  }
  EXPECT_EQ(seen.size(), 3u);
  auto last = balancer.pick(*three, request.exchange, tried).take_value();
  EXPECT_EQ(last.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(last.error().side, Side::kUpstream);
}

TEST_F(BalancerTest, WithOneNodeAFurtherTryGoesToItAgain) {
  auto one = cluster(NodeWords()("10.0.0.1:80"));
  Tried tried;
  tried.add(hold(*one));
  EXPECT_EQ(pick(*one, tried), "10.0.0.1:80");
}

TEST_F(BalancerTest, LowerPrioritiesServeOnlyWhenAllHigherOnesWereTried) {
  auto two = cluster(NodeWords()("10.0.0.1:80", 1, -1)("10.0.0.2:80", 1, 0)("10.0.0.3:80", 1, 0));
  EXPECT_EQ(counted(picks(*two, 100)).count("10.0.0.1:80"), 0u);
  Tried tried;
  tried.add(hold(*two, tried));
  tried.add(hold(*two, tried));
  EXPECT_EQ(pick(*two, tried), "10.0.0.1:80");
}

TEST_F(BalancerTest, WithoutNodesItIsUnavailable) {
  auto none = cluster(NodeWords());
  auto picked = balancer.pick(*none, request.exchange, {}).take_value();
  EXPECT_EQ(picked.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(picked.error().what, "upstream of upstreams/1 has no nodes");
}

TEST_F(BalancerTest, ThePositionSurvivesAChangeOfTheCluster) {
  NodeWords words = NodeWords()("10.0.0.1:80")("10.0.0.2:80");
  EXPECT_EQ(pick(*cluster(words)), "10.0.0.1:80");
  EXPECT_EQ(pick(*cluster(words("10.0.0.3:80"))), "10.0.0.2:80");
  EXPECT_EQ(pick(*cluster(words, "upstreams/other")), "10.0.0.1:80");
}

TEST_F(BalancerTest, AnEndpointInUseOutlivesItsNode) {
  EndpointRef held = hold(*cluster(NodeWords()("10.0.0.1:80")("10.0.0.2:80")));
  EXPECT_EQ(pick(*cluster(NodeWords()("10.0.0.9:80"))), "10.0.0.9:80");
  EXPECT_EQ(held->text, "10.0.0.1:80");
}

TEST_F(BalancerTest, WhatWasPickedIsShownAsItWasConfiguredAndAsItIsConnectedTo) {
  auto shows = [](std::string host, const char* ip, std::string_view address) {
    Node node;
    node.host = host;
    Endpoint endpoint(node, *async::Address::from_ip(ip, 80));
    exchange::EndpointView view = endpoint.view();
    return view.host == host && view.ip == ip && view.address == address && view.port == 80;
  };
  EXPECT_TRUE(shows("a.test", "10.0.0.1", "10.0.0.1:80"));
  EXPECT_TRUE(shows("::1", "::1", "[::1]:80"));
}

TEST_F(BalancerTest, LeastConnectionsGoesWhereTheFewestAreInFlightPerWeight) {
  auto two = cluster(NodeWords()("10.0.0.1:80", 2)("10.0.0.2:80", 1).type("least_conn"));
  std::vector<EndpointRef> held;
  for (int i = 0; i < 30; ++i) held.push_back(hold(*two));
  std::vector<std::string> texts;
  for (const auto& endpoint : held) texts.push_back(endpoint->text);
  EXPECT_EQ(counted(texts), (std::map<std::string, int>{{"10.0.0.1:80", 20}, {"10.0.0.2:80", 10}}));
  std::erase_if(held, [](const EndpointRef& endpoint) { return endpoint->ip == "10.0.0.2"; });
  EXPECT_EQ(pick(*two), "10.0.0.2:80");
}

TEST_F(BalancerTest, ConsistentHashKeepsAKeyAtItsNode) {
  auto three = cluster(NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80").hash(resources::HashOn::kVars, "uri"));
  std::map<std::string, int> counts;
  for (int i = 0; i < 300; ++i) {
    exchange::ExchangeFixture each("/" + std::to_string(i));
    const std::string first = pick(*three, each.exchange);
    EXPECT_EQ(pick(*three, each.exchange), first);
    ++counts[first];
  }
  ASSERT_EQ(counts.size(), 3u);
  for (const auto& [node, count] : counts) EXPECT_GT(count, 50) << node;
}

TEST_F(BalancerTest, ConsistentHashMovesOnlyTheKeysOfANodeThatGoes) {
  auto hashed = [](NodeWords words) { return cluster(words.hash(resources::HashOn::kVars, "uri")); };
  auto three = hashed(NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80"));
  auto two = hashed(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  for (int i = 0; i < 100; ++i) {
    exchange::ExchangeFixture each("/" + std::to_string(i));
    const std::string before = pick(*three, each.exchange), after = pick(*two, each.exchange);
    if (before != "10.0.0.3:80") {
      EXPECT_EQ(before, after);
    }
  }
}

TEST_F(BalancerTest, ConsistentHashGoesByHeaderCookieOrCombinationElseByClient) {
  NodeWords words = NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80")("10.0.0.4:80");
  exchange::ExchangeFixture a("/?u=1"), b("/?u=2"), other("/?u=1");
  for (auto* each : {&a, &other}) each->header("X-User", "one").header("Cookie", "s=one");
  b.header("X-User", "one").header("Cookie", "s=one");
  other.exchange.client.ip = "192.0.2.77";
  using resources::HashOn;
  auto header = cluster(words.hash(HashOn::kHeader, "X-User"));
  EXPECT_EQ(pick(*header, a.exchange), pick(*header, b.exchange));
  EXPECT_EQ(pick(*header, a.exchange), pick(*header, other.exchange));
  auto cookie = cluster(words.hash(HashOn::kCookie, "s"));
  EXPECT_EQ(pick(*cookie, a.exchange), pick(*cookie, other.exchange));
  auto both = cluster(words.hash(HashOn::kVarsCombinations, "$arg_u$http_x_user"));
  EXPECT_EQ(pick(*both, a.exchange), pick(*both, other.exchange));

  auto absent = cluster(words.hash(HashOn::kHeader, "X-None"));
  std::set<std::string> by_client;
  for (int i = 0; i < 50; ++i) {
    const std::string ip = "192.0.2." + std::to_string(i);
    a.exchange.client.ip = ip;
    by_client.insert(pick(*absent, a.exchange));
  }
  EXPECT_GT(by_client.size(), 1u);
}

// As in APISIX, where the text of a combination counts only with a variable in it that has a value.
TEST_F(BalancerTest, ConsistentHashGoesByWhatIsThereThoughItBeEmpty) {
  NodeWords words = NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80")("10.0.0.4:80");
  using resources::HashOn;
  exchange::ExchangeFixture empty("/?u=");
  auto nodes_of_clients = [&](const Cluster& hashed) {
    std::set<std::string> nodes;
    for (int i = 0; i < 50; ++i) {
      const std::string ip = "192.0.2." + std::to_string(i);
      empty.exchange.client.ip = ip;
      nodes.insert(pick(hashed, empty.exchange));
    }
    return nodes.size();
  };
  EXPECT_EQ(nodes_of_clients(*cluster(words.hash(HashOn::kVars, "arg_u"))), 1u);
  EXPECT_GT(nodes_of_clients(*cluster(words.hash(HashOn::kVars, "arg_none"))), 1u);
  EXPECT_EQ(nodes_of_clients(*cluster(words.hash(HashOn::kVarsCombinations, "a$arg_none$arg_u"))), 1u);
  EXPECT_EQ(nodes_of_clients(*cluster(words.hash(HashOn::kVarsCombinations, "a${arg_none ?? b}"))), 1u);
  EXPECT_GT(nodes_of_clients(*cluster(words.hash(HashOn::kVarsCombinations, "a$arg_none"))), 1u);
}

TEST_F(BalancerTest, ConsistentHashTriesTheNextNodeOnTheRing) {
  auto two = cluster(NodeWords()("10.0.0.1:80")("10.0.0.2:80").hash(resources::HashOn::kVars, "uri"));
  Tried tried;
  EndpointRef first = hold(*two);
  tried.add(first);
  EXPECT_NE(pick(*two, tried), first->text);
  tried.add(hold(*two, tried));
  EXPECT_THAT(pick(*two, tried), testing::HasSubstr("every endpoint was tried"));
}

TEST_F(BalancerTest, AClusterThatNobodyPicksFromIsForgotten) {
  auto two = cluster(NodeWords()("10.0.0.1:80")("10.0.0.2:80"));
  EXPECT_EQ(pick(*two), "10.0.0.1:80");
  reactor.advance(std::chrono::minutes(20));
  EXPECT_EQ(pick(*two), "10.0.0.1:80");
}

}  // namespace
}  // namespace sallyport::upstream
