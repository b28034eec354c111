#include "upstream/cluster_state.h"

#include "async/reactor.h"
#include "base/log.h"
#include "base/random.h"
#include "upstream/hash_key.h"
#include "upstream/hash_ring.h"
#include "upstream/health_book.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace sallyport::upstream {
namespace {

std::string named(const Cluster& cluster) { return "upstream of " + cluster.key(); }

Error unavailable(std::string what) {
  Error error{ErrorCode::kUnavailable, std::move(what)};
  error.side = Side::kUpstream;
  return error;
}

}  // namespace

std::uint32_t ClusterState::Member::in_use() const noexcept {
  std::uint32_t sum = 0;
  for (const EndpointOwner& endpoint : endpoints) sum += endpoint->in_use();
  return sum;
}

std::vector<EndpointOwner> ClusterState::others(const Endpoint& endpoint, const Tried& tried) const {
  std::vector<EndpointOwner> others;
  auto is_it = [&](const EndpointOwner& each) { return each.get() == &endpoint; };
  for (const Member& member : members_) {
    if (member.endpoints.size() < 2 || std::ranges::none_of(member.endpoints, is_it)) continue;
    for (const EndpointOwner& other : member.endpoints) {
      if (!is_it(other) && may_use(*other.get(), tried)) others.push_back(other);
    }
  }
  auto is_other_family = [&](const EndpointOwner& each) { return each->address.family() != endpoint.address.family(); };
  std::ranges::partition(others, is_other_family);
  return others;
}

bool ClusterState::in_use() const noexcept {
  return std::ranges::any_of(members_, [](const Member& member) { return member.in_use() > 0; });
}

void ClusterState::follow(const Cluster& cluster) {
  if (serial_ == cluster.serial()) return;
  serial_ = cluster.serial();
  slow_start_ = cluster.slow_start();
  Members members;
  for (const Node& node : cluster.nodes()) members.push_back(adopt(cluster, node));
  members_ = std::move(members);
}

// The member for `node`, with what is known of it.
ClusterState::Member ClusterState::adopt(const Cluster& cluster, const Node& node) {
  Member member;
  auto known = std::ranges::find_if(members_, [&](const Member& old) {
    return old.node.host == node.host && old.node.port == node.port && old.node.priority == node.priority;
  });
  member.since = reactor_.now();
  if (known != members_.end()) member = std::move(*known);
  if (known != members_.end()) members_.erase(known);
  if (member.node.host_header != node.host_header) member.endpoints.clear();
  member.node = node;
  for (const EndpointOwner& endpoint : member.endpoints) set_health(cluster, member, *endpoint.get());
  member.turn = std::clamp<std::int64_t>(member.turn, -std::int64_t{node.weight}, node.weight);
  if (node.literal) {
    if (member.endpoints.empty()) set_endpoints(cluster, member, {*node.literal});
  } else if (!member.name) {
    member.name = names_.use(node.host);
  }
  return member;
}

void ClusterState::refresh(const Cluster& cluster, Member& member) {
  if (!member.name) return;
  names_.keep_fresh(member.name);
  if (member.name_version == member.name->version() && !member.endpoints.empty()) return;
  member.name_version = member.name->version();
  std::vector<async::Address> addresses = member.name->addresses();
  for (async::Address& address : addresses) address.set_port(member.node.port);
  set_endpoints(cluster, member, addresses);
}

// Endpoints that stay keep their counts.
void ClusterState::set_endpoints(const Cluster& cluster, Member& member, const std::vector<async::Address>& addresses) {
  std::vector<EndpointOwner> endpoints;
  member.forbidden = {};
  for (const async::Address& address : addresses) {
    if (const std::string_view why = forbidden_.why(address); !why.empty()) {
      member.forbidden = why;
      continue;
    }
    auto known =
        std::ranges::find_if(member.endpoints, [&](const EndpointOwner& old) { return old->address == address; });
    endpoints.push_back(known != member.endpoints.end() ? *known : EndpointOwner(new Endpoint(member.node, address)));
  }
  member.endpoints = std::move(endpoints);
  for (const EndpointOwner& endpoint : member.endpoints) set_health(cluster, member, *endpoint.get());
}

void ClusterState::set_health(const Cluster& cluster, const Member& member, Endpoint& endpoint) const {
  const bool is_checked = health_ && cluster.checks();
  endpoint.health = is_checked ? health_->of(cluster, member.node, endpoint.address, reactor_.now()) : nullptr;
}

bool ClusterState::is_healthy(const Endpoint& endpoint) const {
  return !endpoint.health || endpoint.health->is_usable(reactor_.now());
}

bool ClusterState::may_use(const Endpoint& endpoint, const Tried& tried) const {
  return (tried.empty() || !tried.has(endpoint)) && (!heeds_health_ || is_healthy(endpoint));
}

Endpoint* ClusterState::usable(const Member& member, const Tried& tried, std::size_t first) const {
  for (std::size_t i = 0; i < member.endpoints.size(); ++i) {
    Endpoint* endpoint = member.endpoints[(first + i) % member.endpoints.size()].get();
    if (may_use(*endpoint, tried)) return endpoint;
  }
  return nullptr;
}

bool ClusterState::some_node_is_healthy() const {
  return std::ranges::any_of(members_, [this](const Member& member) {
    return member.node.weight > 0 && std::ranges::any_of(member.endpoints, [this](const EndpointOwner& endpoint) {
             return is_healthy(*endpoint.get());
           });
  });
}

// Where no node is healthy, all of them are used, as in APISIX.
ClusterState::Choice ClusterState::choose(const Cluster& cluster, const exchange::Exchange& exchange,
                                          const Tried& tried) {
  heeds_health_ = cluster.checks() != nullptr;
  Choice choice = choose_by_priority(cluster, exchange, tried);
  if (choice.endpoint || !choice.pending.empty()) {
    is_all_unhealthy_ = false;
    return choice;
  }
  if (heeds_health_ && !some_node_is_healthy()) {
    if (!std::exchange(is_all_unhealthy_, true)) {
      log::warn("{}: no node is healthy; requests go to all of them", named(cluster));
    }
    heeds_health_ = false;
    choice = choose_by_priority(cluster, exchange, tried);
  }
  return choice;
}

ClusterState::Choice ClusterState::choose_by_priority(const Cluster& cluster, const exchange::Exchange& exchange,
                                                      const Tried& tried) {
  for (auto first = members_.begin(); first != members_.end();) {
    auto last = std::find_if(first, members_.end(),
                             [&](const Member& member) { return member.node.priority != first->node.priority; });
    for (auto member = first; member != last; ++member) refresh(cluster, *member);
    if (Endpoint* endpoint = choose_among(first, last, cluster, exchange, tried)) return {endpoint, {}, {}};

    Choice choice;
    for (auto member = first; member != last; ++member) {
      if (member->name && member->name->is_pending()) choice.pending.push_back(member->name);
    }
    if (!choice.pending.empty()) return choice;
    first = last;
  }
  // With one node of any weight there is no other to move to: a further try goes to it again.
  const auto with_weight = std::ranges::count_if(members_, [](const Member& member) { return member.node.weight > 0; });
  if (with_weight == 1 && !tried.empty()) return choose_by_priority(cluster, exchange, Tried());
  return nothing(cluster, tried);
}

Endpoint* ClusterState::choose_among(Members::iterator first, Members::iterator last, const Cluster& cluster,
                                     const exchange::Exchange& exchange, const Tried& tried) {
  if (cluster.ring()) return choose_by_hash(first, last, cluster, ring_hash(cluster.hash_key()->of(exchange)), tried);
  if (cluster.balancing() == Balancing::kLeastLatency) return choose_by_latency(first, last, tried);
  return choose_by_turn(first, last, cluster.balancing(), tried);
}

// The part of its weight that a node has where nodes start slowly, in 256ths; it begins with a tenth.
std::int64_t ClusterState::weight_now(const Member& member, const Endpoint& endpoint) const {
  constexpr std::int64_t kWhole = 256, kLeast = kWhole / 10;
  const SteadyTime since = endpoint.health ? std::max(member.since, endpoint.health->usable_since()) : member.since;
  const auto passed = std::chrono::duration_cast<Milliseconds>(reactor_.now() - since);
  const std::int64_t part = passed >= slow_start_ ? kWhole : passed.count() * kWhole / slow_start_.count();
  return member.node.weight * std::max(part, kLeast);
}

// Smooth weighted round robin: everybody's turn comes nearer by his weight, and who was chosen goes back by the sum.
// With least connections the load decides first, and the turn among equals.
Endpoint* ClusterState::choose_by_turn(Members::iterator first, Members::iterator last, Balancing balancing,
                                       const Tried& tried) {
  Member* best = nullptr;
  Endpoint* chosen = nullptr;
  std::uint64_t best_load = 0;
  std::int64_t best_weight = 0, sum = 0;
  const bool starts_slowly = slow_start_.count() > 0;
  for (auto member = first; member != last; ++member) {
    if (member->node.weight == 0) continue;
    Endpoint* endpoint = usable(*member, tried, member->next_endpoint);
    if (!endpoint) continue;
    const std::int64_t weight = starts_slowly ? weight_now(*member, *endpoint) : member->node.weight;
    member->turn += weight;
    sum += weight;
    const std::uint64_t load = balancing == Balancing::kLeastConnections ? member->in_use() : 0;
    if (best) {
      const std::uint64_t mine = load * static_cast<std::uint64_t>(best_weight);
      const std::uint64_t others = best_load * static_cast<std::uint64_t>(weight);
      if (mine > others || (mine == others && member->turn <= best->turn)) continue;
    }
    best = &*member;
    best_load = load;
    best_weight = weight;
    chosen = endpoint;
  }
  if (!best) return nullptr;
  best->turn -= sum;
  ++best->next_endpoint;
  return chosen;
}

// Of two that chance names, the one that answers sooner; of equal ones the one with less to do. One of which nothing is
// known yet gets a request at a time until it has answered.
Endpoint* ClusterState::choose_by_latency(Members::iterator first, Members::iterator last, const Tried& tried) {
  auto visit = [&](auto&& take) {
    for (auto member = first; member != last; ++member) {
      if (member->node.weight == 0) continue;
      for (const EndpointOwner& endpoint : member->endpoints) {
        if (may_use(*endpoint.get(), tried)) take(endpoint.get());
      }
    }
  };
  std::uint32_t count = 0;
  visit([&count](Endpoint*) { ++count; });
  if (count == 0) return nullptr;
  const std::uint32_t one = random_below(count);
  std::uint32_t other = count > 1 ? random_below(count - 1) : one;
  if (count > 1 && other >= one) ++other;

  Endpoint* better = nullptr;
  double least = 0;
  std::uint32_t index = 0;
  visit([&](Endpoint* endpoint) {
    if (const std::uint32_t at = index++; at != one && at != other) return;
    const double unknown = endpoint->in_use() == 0 ? 0 : HUGE_VAL;
    const double cost = endpoint->latency.is_known() ? endpoint->latency.at(reactor_.now()) : unknown;
    if (better && (cost > least || (cost == least && endpoint->in_use() >= better->in_use()))) return;
    better = endpoint;
    least = cost;
  });
  return better;
}

Endpoint* ClusterState::choose_by_hash(Members::iterator first, Members::iterator last, const Cluster& cluster,
                                       std::uint32_t hash, const Tried& tried) {
  // A ring may be long: nobody goes round it in vain.
  const bool has_any = std::any_of(
      first, last, [&](const Member& member) { return member.node.weight > 0 && usable(member, tried, 0) != nullptr; });
  if (!has_any) return nullptr;
  Endpoint* chosen = nullptr;
  const auto from = static_cast<std::size_t>(first - members_.begin());
  const auto to = static_cast<std::size_t>(last - members_.begin());
  cluster.ring()->walk(hash, [&](std::uint32_t node) {
    if (node < from || node >= to) return false;
    const Member& member = members_[node];
    if (!member.endpoints.empty()) chosen = usable(member, tried, hash % member.endpoints.size());
    return chosen != nullptr;
  });
  return chosen;
}

ClusterState::Choice ClusterState::nothing(const Cluster& cluster, const Tried& tried) const {
  Choice choice;
  if (members_.empty()) {
    choice.error = unavailable(named(cluster) + " has no nodes");
    return choice;
  }
  if (!tried.empty()) {
    choice.error = unavailable(named(cluster) + ": every endpoint was tried");
    choice.error.code = ErrorCode::kNotFound;
    return choice;
  }
  choice.error = unavailable(named(cluster) + ": no node can be used");
  for (const Member& member : members_) {
    if (!member.forbidden.empty()) {
      choice.error.what += "; " + member.node.host + " " + std::string(member.forbidden);
    } else if (member.name && member.name->error()) {
      choice.error.what += "; " + member.name->error()->what;
    }
  }
  return choice;
}

}  // namespace sallyport::upstream
