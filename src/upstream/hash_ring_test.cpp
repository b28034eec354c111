#include "upstream/hash_ring.h"

#include "upstream/balancer_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace sallyport::upstream {
namespace {

// The nodes that `key` has on the ring of `cluster`, in the order in which tries go to them.
std::vector<std::string> order(const Cluster& cluster, std::string_view key) {
  std::vector<std::string> nodes;
  const auto all = std::ranges::count_if(cluster.nodes(), [](const Node& node) { return node.weight > 0; });
  cluster.ring()->walk(ring_hash(key), [&](std::uint32_t index) {
    const std::string& address = cluster.nodes()[index].host_header;
    if (std::ranges::find(nodes, address) == nodes.end()) nodes.push_back(address);
    return std::ssize(nodes) == all;
  });
  return nodes;
}

TEST(RingHash, IsCrc32) {
  EXPECT_EQ(ring_hash("123456789"), 0xcbf43926u);
  EXPECT_EQ(ring_hash(""), 0u);
}

ClusterPtr ring_of(NodeWords words) {
  words.upstream.scheme = resources::Scheme::kHttps;  // so that the port 80 stands in `host_header`
  return BalancerFixture::cluster(words.hash(resources::HashOn::kVars, "uri"));
}

struct Vector {
  std::string_view key;
  std::vector<std::string> nodes;
};

// What lua-resty-balancer's `resty.chash` gives for node names as APISIX's `balancer/chash.lua` makes them: `find`,
// then `next` until every node was there.
struct Reference {
  std::string name;
  NodeWords nodes;
  std::uint32_t of_ten_thousand;  // the CRC-32 of "node>node>node" for "key-0" to "key-9999", joined by line feeds
  std::vector<Vector> keys;
};

std::vector<Reference> references() {
  return {
      {"even",
       NodeWords()("10.0.0.1:80")("10.0.0.2:80")("10.0.0.3:80"),
       0xb78afeda,
       {{"", {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}},
        {"/", {"10.0.0.2:80", "10.0.0.3:80", "10.0.0.1:80"}},
        {"/a", {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}},
        {"127.0.0.1", {"10.0.0.2:80", "10.0.0.1:80", "10.0.0.3:80"}},
        {"user-4711", {"10.0.0.1:80", "10.0.0.3:80", "10.0.0.2:80"}}}},
      {"weights and a node without any",
       NodeWords()("10.0.0.1:1980", 3)("10.0.0.2:1981")("10.0.0.3:1982", 2)("10.0.0.4:1983", 0),
       0xb3e2beaf,
       {{"/", {"10.0.0.3:1982", "10.0.0.1:1980", "10.0.0.2:1981"}},
        {"jack", {"10.0.0.1:1980", "10.0.0.2:1981", "10.0.0.3:1982"}}}},
      {"weights with a common divisor",
       NodeWords()("192.0.2.7:8080", 100)("192.0.2.8:8080", 50)("192.0.2.9:9090", 250),
       0xd773fa8b,
       {{"/", {"192.0.2.7:8080", "192.0.2.9:9090", "192.0.2.8:8080"}},
        {"127.0.0.1", {"192.0.2.9:9090", "192.0.2.8:8080", "192.0.2.7:8080"}}}},
      {"weights without one",
       NodeWords()("127.0.0.1:1980", 997)("127.0.0.2:1980", 1009),
       0x8cd0cf5c,
       {{"/", {"127.0.0.2:1980", "127.0.0.1:1980"}}, {"%E4", {"127.0.0.1:1980", "127.0.0.2:1980"}}}},
      {"names",
       NodeWords()("a.test:80")("b.test:443", 2),
       0x540e5959,
       {{"", {"a.test:80", "b.test"}}, {"/", {"b.test", "a.test:80"}}}},
      {"IPv6",
       NodeWords()("::1:1980")("2001:db8::2:1980")("10.1.2.3:1980"),
       0xbf0f56c6,
       {{"", {"[::1]:1980", "[2001:db8::2]:1980", "10.1.2.3:1980"}},
        {"jack", {"10.1.2.3:1980", "[::1]:1980", "[2001:db8::2]:1980"}}}},
  };
}

TEST(HashRing, GivesAKeyTheNodesThatApisixGivesIt) {
  for (const Reference& reference : references()) {
    const ClusterPtr cluster = ring_of(reference.nodes);
    for (const Vector& each : reference.keys) {
      EXPECT_EQ(order(*cluster, each.key), each.nodes) << reference.name << ": \"" << each.key << '"';
    }
  }
}

// "a.test:80>b.test:443", also for a port that the scheme stands for.
std::string joined(const Cluster& cluster, std::string_view key) {
  std::string text;
  for (const std::string& address : order(cluster, key)) {
    text += (text.empty() ? "" : ">") + address + (address == "b.test" ? ":443" : "");
  }
  return text;
}

TEST(HashRing, GivesManyKeysTheNodesThatApisixGivesThem) {
  for (const Reference& reference : references()) {
    const ClusterPtr cluster = ring_of(reference.nodes);
    std::string all;
    for (int i = 0; i < 10'000; ++i) all += (i == 0 ? "" : "\n") + joined(*cluster, "key-" + std::to_string(i));
    EXPECT_EQ(ring_hash(all), reference.of_ten_thousand) << reference.name;
  }
}

TEST(HashRing, CountsTheWeightsOfEachPriorityByThemselves) {
  const NodeWords above = NodeWords()("10.0.0.1:1", 2)("10.0.0.2:1", 4);
  const ClusterPtr alone = ring_of(above);
  const ClusterPtr both = ring_of(NodeWords(above)("10.0.0.3:1", 3, -1)("10.0.0.4:1", 9, -1));
  const std::set<std::string> lower{"10.0.0.3:1", "10.0.0.4:1"};
  for (int i = 0; i < 1'000; ++i) {
    const std::string key = std::to_string(i);
    std::vector<std::string> nodes = order(*both, key);
    std::erase_if(nodes, [&](const std::string& node) { return lower.contains(node); });
    EXPECT_EQ(nodes, order(*alone, key)) << key;
  }
}

TEST(HashRing, HasAnEndForWeightsFarApart) {
  const ClusterPtr cluster = ring_of(NodeWords()("10.0.0.1:1", 1'000'000'007)("10.0.0.2:1", 1));
  EXPECT_EQ(order(*cluster, "a").size(), 2u);
}

}  // namespace
}  // namespace sallyport::upstream
