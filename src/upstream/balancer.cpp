#include "upstream/balancer.h"

#include "async/reactor.h"
#include "upstream/cluster_state.h"
#include "upstream/names.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace sallyport::upstream {
namespace {

constexpr Milliseconds kSweepEvery{60'000};
constexpr Milliseconds kForgetAfter{600'000};  // without a pick

}  // namespace

bool Tried::has(const Endpoint& endpoint) const noexcept {
  return std::ranges::any_of(endpoints_,
                             [&](const EndpointOwner& tried) { return tried->address == endpoint.address; });
}

class Balancer::State final {
 public:
  State(async::Reactor& reactor, async::Resolver& resolver, BalancerOptions options)
      : reactor_(reactor),
        forbidden_(std::move(options.forbidden)),
        health_(options.health),
        names_(reactor, resolver, options.resolve_timeout, options.names_valid),
        sweeper_(reactor.start_timer(kSweepEvery, async::Reactor::Repeat::kEvery, [this] { sweep(); })) {}

  ClusterState& of(const Cluster& cluster) {
    auto found = clusters_.find(Key{cluster.key(), cluster.key_hash()});
    if (found == clusters_.end()) {
      auto made = std::make_unique<ClusterState>(reactor_, names_, forbidden_, health_);
      found = clusters_.emplace(OwnedKey{cluster.key(), cluster.key_hash()}, std::move(made)).first;
    }
    found->second->last_used = reactor_.now();
    found->second->follow(cluster);
    return *found->second;
  }

  // The cluster's state is asked for anew after every wait: it may have been dropped meanwhile.
  Task<Result<EndpointRef>> pick_later(const Cluster& cluster, const exchange::Exchange& exchange, const Tried& tried,
                                       std::vector<NamePtr> pending) {
    for (;;) {
      co_await names_.next_answer(std::move(pending));
      ClusterState::Choice choice = of(cluster).choose(cluster, exchange, tried);
      if (choice.endpoint) co_return EndpointRef(choice.endpoint);
      if (choice.pending.empty()) co_return fail(std::move(choice.error));
      pending = std::move(choice.pending);
    }
  }

 private:
  // Clusters know the hash of their key, so that a pick need not work it out.
  struct Key {
    std::string_view text;
    std::size_t hash;
  };
  struct OwnedKey {
    std::string text;
    std::size_t hash;
  };
  struct HashOfKey {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const noexcept { return key.hash; }
    std::size_t operator()(const OwnedKey& key) const noexcept { return key.hash; }
  };
  struct SameKey {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.text == b.text;
    }
  };

  void sweep() {
    std::erase_if(clusters_, [&](const auto& each) {
      return reactor_.now() - each.second->last_used > kForgetAfter && !each.second->in_use();
    });
  }

  async::Reactor& reactor_;
  ForbiddenAddresses forbidden_;
  HealthBook* health_;
  Names names_;
  std::unordered_map<OwnedKey, std::unique_ptr<ClusterState>, HashOfKey, SameKey> clusters_;
  std::unique_ptr<async::Timer> sweeper_;
};

Balancer::Balancer(async::Reactor& reactor, async::Resolver& resolver, BalancerOptions options)
    : state_(std::make_unique<State>(reactor, resolver, std::move(options))) {}

Balancer::~Balancer() = default;

std::vector<EndpointOwner> Balancer::others(const Cluster& cluster, const Endpoint& endpoint, const Tried& tried) {
  return state_->of(cluster).others(endpoint, tried);
}

Task<Result<EndpointRef>> Balancer::pick(const Cluster& cluster, const exchange::Exchange& exchange,
                                         const Tried& tried) {
  ClusterState::Choice choice = state_->of(cluster).choose(cluster, exchange, tried);
  if (choice.endpoint) return Result<EndpointRef>(EndpointRef(choice.endpoint));
  if (choice.pending.empty()) return Result<EndpointRef>(fail(std::move(choice.error)));
  return state_->pick_later(cluster, exchange, tried, std::move(choice.pending));
}

}  // namespace sallyport::upstream
