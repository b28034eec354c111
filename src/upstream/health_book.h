#pragma once
// The health of all nodes of all clusters with checks, one for the process. It is keyed by what a cluster is the
// upstream of and by address, so that it survives changes of the configuration.
// Any thread may use it; looking something up takes a mutex, which happens when addresses change and never for a
// request.

#include "async/address.h"
#include "base/clock.h"
#include "upstream/cluster.h"
#include "upstream/node_health.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::upstream {

// One cluster as it is shown.
struct ClusterHealth {
  std::string key;   // "upstreams/1"
  std::string type;  // "http", "https" or "tcp"
  std::vector<NodeHealthPtr> nodes;
};

class HealthBook final {
 public:
  // The health of an address that `node` of `cluster` stands for; it begins healthy.
  NodeHealthPtr of(const Cluster& cluster, const Node& node, const async::Address& address, SteadyTime now);

  // Which clusters have checks from now; of nodes and clusters that are gone nothing is remembered.
  void keep_only(const std::vector<ClusterPtr>& clusters);

  // In the order of their keys; of those that `keep_only` named.
  std::vector<ClusterHealth> clusters() const;

 private:
  struct Entry {
    ClusterPtr cluster;  // null: none in force, a worker still serves a former one
    std::vector<NodeHealthPtr> nodes;
  };

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sallyport::upstream
