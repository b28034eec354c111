#include "snapshot/named_clusters.h"

#include "resources/upstream.h"
#include "upstream/forbidden_addresses.h"

#include <gtest/gtest.h>

namespace sallyport::snapshot {
namespace {

upstream::ClusterPtr cluster(const std::string& id, std::string name) {
  resources::Upstream upstream;
  upstream.name = std::move(name);
  return *upstream::Cluster::compile(upstream, "upstreams/" + id, {});
}

std::string found(const NamedClusters& clusters, std::string_view id_or_name) {
  auto found = clusters.find(id_or_name);
  return found ? found->key() : "none";
}

TEST(NamedClusters, AnUpstreamIsFoundByItsIdAndByItsName) {
  NamedClusters clusters;
  clusters.set("1", cluster("1", "auth"));
  EXPECT_EQ(found(clusters, "1"), "upstreams/1");
  EXPECT_EQ(found(clusters, "auth"), "upstreams/1");
  EXPECT_EQ(found(clusters, "other"), "none");
  EXPECT_EQ(found(clusters, ""), "none");
}

TEST(NamedClusters, AnIdComesBeforeAName) {
  NamedClusters clusters;
  clusters.set("1", cluster("1", "2"));
  clusters.set("2", cluster("2", "1"));
  EXPECT_EQ(found(clusters, "1"), "upstreams/1");
  EXPECT_EQ(found(clusters, "2"), "upstreams/2");
}

TEST(NamedClusters, OfSeveralWithOneNameTheLeastIdCounts) {
  NamedClusters clusters;
  for (const char* id : {"c", "a", "b"}) clusters.set(id, cluster(id, "same"));
  EXPECT_EQ(found(clusters, "same"), "upstreams/a");
  clusters.set("a", nullptr);
  EXPECT_EQ(found(clusters, "same"), "upstreams/b");
  clusters.set("b", cluster("b", "renamed"));
  EXPECT_EQ(found(clusters, "same"), "upstreams/c");
  EXPECT_EQ(found(clusters, "renamed"), "upstreams/b");
  clusters.set("c", nullptr);
  EXPECT_EQ(found(clusters, "same"), "none");
}

TEST(NamedClusters, AChangeLeavesCopiesAsTheyAre) {
  NamedClusters clusters;
  clusters.set("1", cluster("1", "auth"));
  const NamedClusters before = clusters;
  clusters.set("1", cluster("1", "checks"));
  EXPECT_EQ(found(before, "auth"), "upstreams/1");
  EXPECT_EQ(found(before, "checks"), "none");
  EXPECT_EQ(found(clusters, "auth"), "none");
}

}  // namespace
}  // namespace sallyport::snapshot
