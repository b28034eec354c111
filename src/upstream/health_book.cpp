#include "upstream/health_book.h"

#include <algorithm>
#include <utility>

namespace sallyport::upstream {
namespace {

bool belongs_to(const NodeHealth& health, const Node& node) {
  return health.host() == node.host && health.port() == node.port;
}

bool belongs_to(const NodeHealth& health, const Cluster& cluster) {
  return std::ranges::any_of(cluster.nodes(), [&](const Node& node) { return belongs_to(health, node); });
}

}  // namespace

NodeHealthPtr HealthBook::of(const Cluster& cluster, const Node& node, const async::Address& address, SteadyTime now) {
  const std::string ip = address.ip();
  const std::lock_guard lock(mutex_);
  std::vector<NodeHealthPtr>& nodes = entries_[cluster.key()].nodes;
  auto known = std::ranges::find_if(
      nodes, [&](const NodeHealthPtr& health) { return belongs_to(*health, node) && health->ip() == ip; });
  if (known != nodes.end()) return *known;
  // Addresses that the name no longer has are used by nobody.
  std::erase_if(nodes,
                [&](const NodeHealthPtr& health) { return belongs_to(*health, node) && health.use_count() == 1; });
  return nodes.emplace_back(std::make_shared<NodeHealth>(cluster.key(), node.host, ip, node.port, now));
}

void HealthBook::keep_only(const std::vector<ClusterPtr>& clusters) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Entry, std::less<>> kept;
  for (const ClusterPtr& cluster : clusters) {
    Entry& entry = kept[cluster->key()];
    entry.cluster = cluster;
    auto known = entries_.find(cluster->key());
    if (known == entries_.end()) continue;
    entry.nodes = std::move(known->second.nodes);
    std::erase_if(entry.nodes, [&](const NodeHealthPtr& health) { return !belongs_to(*health, *cluster); });
  }
  entries_ = std::move(kept);
}

std::vector<ClusterHealth> HealthBook::clusters() const {
  const std::lock_guard lock(mutex_);
  std::vector<ClusterHealth> all;
  for (const auto& [key, entry] : entries_) {
    if (!entry.cluster) continue;
    all.push_back({key, std::string(resources::name_of(entry.cluster->checks()->shown_type)), entry.nodes});
  }
  return all;
}

}  // namespace sallyport::upstream
