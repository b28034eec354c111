#include "upstream/cluster.h"

#include "upstream/forbidden_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::upstream {
namespace {

using async::Address;

resources::Upstream with_nodes(std::vector<resources::Node> nodes) {
  resources::Upstream upstream;
  upstream.nodes = std::move(nodes);
  return upstream;
}

ClusterPtr compile(const resources::Upstream& upstream) {
  auto cluster = Cluster::compile(upstream, "upstreams/1", {});
  EXPECT_TRUE(cluster) << cluster.error().what;
  return *cluster;
}

std::string refusal(const resources::Upstream& upstream, const ForbiddenAddresses& forbidden = {}) {
  auto cluster = Cluster::compile(upstream, "upstreams/1", forbidden);
  return cluster ? "" : cluster.error().what;
}

TEST(Cluster, KeepsNodesByPriorityThenAsWritten) {
  auto cluster = compile(with_nodes({{"a", 80, 1, -1}, {"b", 80, 1, 0}, {"c", 80, 1, 0}}));
  std::vector<std::string> hosts;
  for (const Node& node : cluster->nodes()) hosts.push_back(node.host);
  EXPECT_THAT(hosts, testing::ElementsAre("b", "c", "a"));
}

TEST(Cluster, KnowsLiteralAddressesFromNames) {
  auto cluster = compile(with_nodes({{"127.0.0.1", 1980}, {"::1", 80}, {"httpbin.org", 80}}));
  EXPECT_EQ(cluster->nodes()[0].literal->to_string(), "127.0.0.1:1980");
  EXPECT_EQ(cluster->nodes()[1].literal->to_string(), "[::1]:80");
  EXPECT_FALSE(cluster->nodes()[2].literal);
}

TEST(Cluster, TheHostOfANodeHasItsPortUnlessItIsTheSchemes) {
  auto cluster = compile(with_nodes({{"a.test", 80}, {"a.test", 8080}, {"::1", 81}}));
  EXPECT_EQ(cluster->nodes()[0].host_header, "a.test");
  EXPECT_EQ(cluster->nodes()[1].host_header, "a.test:8080");
  EXPECT_EQ(cluster->nodes()[2].host_header, "[::1]:81");
}

TEST(Cluster, TriesEveryNodeOnceUnlessRetriesAreWritten) {
  auto upstream = with_nodes({{"a", 80}, {"b", 80}, {"c", 80}});
  EXPECT_EQ(compile(upstream)->retries(), 2u);
  upstream.retries = 0;
  EXPECT_EQ(compile(upstream)->retries(), 0u);
  EXPECT_EQ(compile(with_nodes({}))->retries(), 0u);
}

TEST(Cluster, WhereNoNodeHasAWeightAllCountTheSame) {
  auto cluster = compile(with_nodes({{"a", 80, 0}, {"b", 80, 0}, {"c", 80, 0, -1}, {"d", 80, 2, -1}}));
  std::vector<unsigned> weights;
  for (const Node& node : cluster->nodes()) weights.push_back(node.weight);
  EXPECT_THAT(weights, testing::ElementsAre(1, 1, 0, 2));
}

TEST(Cluster, EachHasASerialOfItsOwn) {
  EXPECT_NE(compile(with_nodes({}))->serial(), compile(with_nodes({}))->serial());
}

TEST(Cluster, RefusesWhatIsNotSupportedAndNamesWhatIs) {
  resources::Upstream upstream = with_nodes({{"a", 80}});
  upstream.type = "chance";
  EXPECT_EQ(refusal(upstream),
            "upstream.type: \"chance\" is not supported; take roundrobin, chash, least_conn or ewma");
  upstream.type = "roundrobin";
  upstream.scheme = resources::Scheme::kTls;
  EXPECT_THAT(refusal(upstream), testing::HasSubstr("\"tls\" is not supported"));
  EXPECT_THAT(refusal(with_nodes({{"a", 0}})), testing::HasSubstr("no port"));
}

TEST(Cluster, SpeaksHttp2ForGrpcAndWhereItIsAsked) {
  resources::Upstream upstream = with_nodes({{"a", 80}});
  EXPECT_FALSE(compile(upstream)->speaks_http2());
  upstream.speaks_http2 = true;
  EXPECT_TRUE(compile(upstream)->speaks_http2());
  upstream.speaks_http2 = false;
  upstream.scheme = resources::Scheme::kGrpc;
  EXPECT_TRUE(compile(upstream)->speaks_http2());
  EXPECT_EQ(compile(upstream)->tls(), nullptr);
  upstream.scheme = resources::Scheme::kGrpcs;
  EXPECT_TRUE(compile(upstream)->speaks_http2());
  EXPECT_NE(compile(upstream)->tls(), nullptr);
}

TEST(Cluster, RefusesTheAdminApiAsANode) {
  ForbiddenAddresses admin({*Address::from_ip("127.0.0.1", 9180)});
  EXPECT_THAT(refusal(with_nodes({{"127.0.0.1", 9180}}), admin), testing::HasSubstr("127.0.0.1:9180"));
  for (const char* name : {"localhost", "LocalHost.", "a.localhost"}) {
    EXPECT_THAT(refusal(with_nodes({{name, 9180}}), admin), testing::HasSubstr(name));
    EXPECT_EQ(refusal(with_nodes({{name, 9080}}), admin), "");
  }
  EXPECT_EQ(refusal(with_nodes({{"127.0.0.1", 9080}, {"notlocalhost", 9180}, {"localhost.test", 9180}}), admin), "");
}

TEST(ForbiddenAddresses, HoldEveryFormOfALoopbackListener) {
  ForbiddenAddresses admin({*Address::from_ip("127.0.0.1", 9180)});
  for (const char* ip : {"127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "::ffff:0.0.0.0"}) {
    EXPECT_TRUE(admin.contains(*Address::from_ip(ip, 9180))) << ip;
    EXPECT_FALSE(admin.contains(*Address::from_ip(ip, 9181))) << ip;
  }
  EXPECT_FALSE(admin.contains(*Address::from_ip("127.0.0.2", 9180)));
  EXPECT_FALSE(admin.contains(*Address::from_ip("::1", 9180)));
  EXPECT_FALSE(admin.contains(*Address::from_ip("192.0.2.1", 9180)));
}

TEST(ForbiddenAddresses, AListenerOnAnyAddressForbidsAllOfThisMachine) {
  for (const char* any : {"0.0.0.0", "::"}) {
    ForbiddenAddresses admin({*Address::from_ip(any, 9180)});
    EXPECT_TRUE(admin.contains(*Address::from_ip("127.0.0.1", 9180)));
    EXPECT_TRUE(admin.contains(*Address::from_ip("127.9.9.9", 9180)));
    EXPECT_TRUE(admin.contains(*Address::from_ip("::1", 9180)));
    EXPECT_FALSE(admin.contains(*Address::from_ip("192.0.2.1", 9180)));
    EXPECT_FALSE(admin.contains(*Address::from_ip("127.0.0.1", 80)));
  }
}

TEST(ForbiddenAddresses, SayWhichOfThemItIs) {
  IpRanges link;
  ASSERT_TRUE(link.add("169.254.0.0/16"));
  ForbiddenAddresses forbidden({*Address::from_ip("127.0.0.1", 9180)}, link);
  EXPECT_THAT(refusal(with_nodes({{"127.0.0.1", 9180}}), forbidden), testing::HasSubstr("own Admin API"));
  EXPECT_THAT(refusal(with_nodes({{"169.254.169.254", 80}}), forbidden),
              testing::HasSubstr("169.254.169.254:80 lies in a network where nothing is asked for"));
  EXPECT_EQ(forbidden.why(*Address::from_ip("192.0.2.1", 9180)), "");
}

TEST(ForbiddenAddresses, WithoutListenersForbidNothing) {
  EXPECT_FALSE(ForbiddenAddresses().contains(*Address::from_ip("127.0.0.1", 9180)));
}

}  // namespace
}  // namespace sallyport::upstream
