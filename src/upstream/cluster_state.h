#pragma once
// What one worker knows about one cluster while it serves: whose turn it is, and which endpoints its nodes have now.
// It outlives changes of the cluster, which it takes over node by node.

#include "exchange/exchange.h"
#include "upstream/balancer.h"
#include "upstream/names.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::upstream {

class ClusterState final {
 public:
  // `health` may be null; everything else outlives the ClusterState, too.
  ClusterState(const async::Reactor& reactor, Names& names, const ForbiddenAddresses& forbidden, HealthBook* health)
      : reactor_(reactor), names_(names), forbidden_(forbidden), health_(health) {}

  // Takes over what `cluster` says, unless it is the one already followed.
  void follow(const Cluster& cluster);

  struct Choice {
    Endpoint* endpoint = nullptr;  // null: none now
    std::vector<NamePtr> pending;  // wait for one of these and choose again; empty: `error` says why there is none
    Error error;
  };
  Choice choose(const Cluster& cluster, const exchange::Exchange& exchange, const Tried& tried);

  // As of Balancer.
  std::vector<EndpointOwner> others(const Endpoint& endpoint, const Tried& tried) const;

  bool in_use() const noexcept;
  SteadyTime last_used{};

 private:
  // A node with its place in the turn and its endpoints.
  struct Member {
    Node node;
    SteadyTime since;  // it is there
    std::int64_t turn = 0;
    std::size_t next_endpoint = 0;
    std::vector<EndpointOwner> endpoints;
    NamePtr name;  // null for a literal address
    std::uint64_t name_version = 0;
    std::string_view forbidden;  // why an address was left out; empty: none was

    std::uint32_t in_use() const noexcept;
  };
  using Members = std::vector<Member>;

  Member adopt(const Cluster& cluster, const Node& node);
  void refresh(const Cluster& cluster, Member& member);
  void set_endpoints(const Cluster& cluster, Member& member, const std::vector<async::Address>& addresses);
  void set_health(const Cluster& cluster, const Member& member, Endpoint& endpoint) const;
  Choice choose_by_priority(const Cluster& cluster, const exchange::Exchange& exchange, const Tried& tried);
  bool is_healthy(const Endpoint& endpoint) const;
  bool may_use(const Endpoint& endpoint, const Tried& tried) const;
  Endpoint* usable(const Member& member, const Tried& tried, std::size_t first) const;
  bool some_node_is_healthy() const;
  std::int64_t weight_now(const Member& member, const Endpoint& endpoint) const;
  Endpoint* choose_among(Members::iterator first, Members::iterator last, const Cluster& cluster,
                         const exchange::Exchange& exchange, const Tried& tried);
  Endpoint* choose_by_turn(Members::iterator first, Members::iterator last, Balancing balancing, const Tried& tried);
  Endpoint* choose_by_latency(Members::iterator first, Members::iterator last, const Tried& tried);
  Endpoint* choose_by_hash(Members::iterator first, Members::iterator last, const Cluster& cluster, std::uint32_t hash,
                           const Tried& tried);
  Choice nothing(const Cluster& cluster, const Tried& tried) const;

  const async::Reactor& reactor_;
  Names& names_;
  const ForbiddenAddresses& forbidden_;
  HealthBook* health_;
  bool heeds_health_ = false;      // unhealthy nodes are left out of the present choice
  bool is_all_unhealthy_ = false;  // which was said
  Milliseconds slow_start_{0};
  std::uint64_t serial_ = 0;  // of the cluster that is followed
  Members members_;           // one a node, in the cluster's order
};

}  // namespace sallyport::upstream
