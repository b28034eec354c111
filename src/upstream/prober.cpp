#include "upstream/prober.h"

#include "async/event.h"
#include "async/task_group.h"
#include "base/random.h"
#include "http/field_name.h"
#include "upstream/probe.h"
#include "upstream/tls_peer.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace sallyport::upstream {
namespace {

using async::Task;
using resources::ActiveChecks;
using resources::CheckType;

// A tenth more or less, so that the probes of many nodes, and of many gateways, do not fall together.
Milliseconds jittered(Milliseconds interval) {
  const auto spread = static_cast<std::uint32_t>(std::min<std::int64_t>(interval.count() / 5, 60'000));
  return interval - Milliseconds(spread / 2) + Milliseconds(random_below(spread + 1));
}

// As in APISIX: the rewritten host, else the name of the node where it is passed, else that of the checks, else the
// node.
std::string host_of(const Cluster& cluster, const Node& node, const ActiveChecks& checks) {
  for (const auto& [name, value] : checks.headers) {
    if (http::known_field(name) == http::FieldName::kHost) return value;
  }
  if (cluster.pass_host() == resources::PassHost::kRewrite) return cluster.upstream_host();
  const bool is_passed = cluster.pass_host() == resources::PassHost::kNode && !node.literal;
  return checks.host.empty() || is_passed ? node.host_header : checks.host;
}

tls::ClientIdentityPtr identity_of(const Probed& probed) {
  if (!probed.cluster->tls()) return nullptr;
  return probed.named ? probed.named : probed.cluster->tls()->identity;
}

std::shared_ptr<const ProbePlan> plan_of(const Probed& probed, const Node& node, async::Address address) {
  const Cluster& cluster = *probed.cluster;
  const ActiveChecks& checks = *cluster.checks()->active;
  auto plan = std::make_shared<ProbePlan>();
  if (checks.port) address.set_port(*checks.port);
  plan->address = address;
  plan->checks = checks;
  plan->host = host_of(cluster, node, checks);
  if (checks.type == CheckType::kHttps) {
    const auto verify = checks.verify_certificate ? tls::Verify::kYes : tls::Verify::kNo;
    plan->peer = TlsPeer{std::string(server_name_of(plan->host)), verify, identity_of(probed)};
  }
  return plan;
}

void report(NodeHealth& health, const ProbeOutcome& outcome, const resources::HealthLimits& limits, SteadyTime now) {
  switch (outcome.kind) {
    case ProbeOutcome::Kind::kConnected:
      return health.report(HealthReport::kSuccess, limits.successes, now);
    case ProbeOutcome::Kind::kTcpFailure:
      return health.report(HealthReport::kTcpFailure, limits.tcp_failures, now);
    case ProbeOutcome::Kind::kTimeout:
      return health.report(HealthReport::kTimeout, limits.timeouts, now);
    case ProbeOutcome::Kind::kStatus:
      break;
  }
  if (limits.healthy_statuses.has(outcome.status)) {
    health.report(HealthReport::kSuccess, limits.successes, now);
  } else if (outcome.status == 0 || limits.unhealthy_statuses.has(outcome.status)) {
    health.report(HealthReport::kHttpFailure, limits.http_failures, now);
  }
}

// So many at once; who comes later waits in the order of coming.
class Slots {
 public:
  explicit Slots(std::size_t free) : free_(free) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  class Hold {
   public:
    explicit Hold(Slots& slots) : slots_(slots) {
      if (slots_.free_ > 0) {
        --slots_.free_;
        woken.set();
      } else {
        slots_.waiting_.push_back(this);
      }
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
      if (!woken.is_set()) {
        std::erase(slots_.waiting_, this);
      } else if (slots_.waiting_.empty()) {
        ++slots_.free_;
      } else {
        Hold* next = slots_.waiting_.front();
        slots_.waiting_.pop_front();
        next->woken.set();
      }
    }
    async::Event woken;

   private:
    Slots& slots_;
  };

 private:
  std::size_t free_;
  std::deque<Hold*> waiting_;
};

}  // namespace

// The probes of one cluster, as it is now.
class Prober::Watch {
 public:
  Watch(Prober& prober, Probed probed)
      : prober_(prober),
        probed_(std::move(probed)),
        cluster_(probed_.cluster),
        slots_(cluster_->checks()->active->concurrency) {
    for (const Node& node : cluster_->nodes()) names_.push_back(node.literal ? nullptr : prober_.names_.use(node.host));
    const bool has_names = std::ranges::any_of(names_, [](const NamePtr& name) { return name != nullptr; });
    if (has_names) follower_.spawn(follow_names());
  }

  bool is_of(const Probed& probed) const {
    const auto mine = identity_of(probed_), other = identity_of(probed);
    const bool shows_same = mine && other ? mine->digest == other->digest : mine == other;
    return cluster_->serial() == probed.cluster->serial() && shows_same;
  }
  std::size_t size() const { return targets_.size(); }

  // Begins to probe what is not in `former`, and goes on with what is.
  void begin(Watch* former) { renew(former ? &former->targets_ : &targets_); }

 private:
  struct Target {
    SteadyTime next;  // probe
    async::TaskGroup task;
  };
  using Targets = std::map<NodeHealthPtr, std::unique_ptr<Target>>;

  // Brings the targets in line with the addresses that the nodes have now.
  void renew(Targets* former) {
    Targets targets;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const Node& node = cluster_->nodes()[i];
      if (node.literal) add(targets, *former, node, *node.literal);
      if (!names_[i]) continue;
      for (async::Address address : names_[i]->addresses()) {
        address.set_port(node.port);
        add(targets, *former, node, address);
      }
    }
    targets_ = std::move(targets);
  }

  void add(Targets& targets, Targets& former, const Node& node, const async::Address& address) {
    auto plan = plan_of(probed_, node, address);
    if (prober_.forbidden_.contains(plan->address)) return;
    const SteadyTime now = prober_.reactor_.now();
    NodeHealthPtr health = prober_.book_.of(*cluster_, node, address, now);
    if (targets.contains(health)) return;
    auto known = former.find(health);
    if (known != former.end() && &former == &targets_) {
      targets.emplace(std::move(health), std::move(known->second));
      return;
    }
    // The first probe of a node comes soon, but not at once with those of all others.
    const auto soon = Milliseconds(random_below(static_cast<std::uint32_t>(kFirstWithin.count())));
    auto target = std::make_unique<Target>();
    target->next = known != former.end() ? std::max(known->second->next, now) : now + soon;
    target->task.spawn(look_after(*target, health, std::move(plan)));
    targets.emplace(std::move(health), std::move(target));
  }

  Task<void> look_after(Target& target, NodeHealthPtr health, std::shared_ptr<const ProbePlan> plan) {
    async::Reactor& reactor = prober_.reactor_;
    for (;;) {
      co_await reactor.sleep(std::chrono::ceil<Milliseconds>(target.next - reactor.now()));
      {
        Slots::Hold slot(slots_);
        co_await slot.woken;
        const ProbeOutcome outcome = co_await probe(prober_.connector_, plan);
        report(*health, outcome, plan->checks.limits, reactor.now());
      }
      const ActiveChecks& checks = plan->checks;
      const bool is_healthy = health->is_usable(reactor.now());
      target.next = reactor.now() + jittered(is_healthy ? checks.healthy_interval : checks.unhealthy_interval);
    }
  }

  Task<void> follow_names() {
    std::vector<std::uint64_t> versions(names_.size());
    for (;;) {
      bool has_changed = false;
      std::vector<NamePtr> pending;
      for (std::size_t i = 0; i < names_.size(); ++i) {
        if (!names_[i]) continue;
        prober_.names_.keep_fresh(names_[i]);
        has_changed |= std::exchange(versions[i], names_[i]->version()) != names_[i]->version();
        if (names_[i]->is_pending()) pending.push_back(names_[i]);
      }
      if (has_changed) renew(&targets_);
      if (pending.empty()) {
        co_await prober_.reactor_.sleep(kLookAtNamesEvery);
      } else {
        co_await prober_.names_.next_answer(std::move(pending));
      }
    }
  }

  static constexpr Milliseconds kFirstWithin{100};
  static constexpr Milliseconds kLookAtNamesEvery{1000};

  Prober& prober_;
  Probed probed_;
  ClusterPtr cluster_;
  std::vector<NamePtr> names_;  // one a node; null for a literal address
  Slots slots_;
  Targets targets_;
  async::TaskGroup follower_;
};

Prober::Prober(async::Reactor& reactor, async::Resolver& resolver, HealthBook& book, ProberOptions options)
    : reactor_(reactor),
      book_(book),
      forbidden_(std::move(options.forbidden)),
      connector_(reactor, options.tls),
      names_(reactor, resolver, options.resolve_timeout, options.names_valid) {}

Prober::~Prober() = default;

void Prober::follow(const std::vector<Probed>& clusters) {
  std::map<std::string, std::unique_ptr<Watch>> watches;
  for (const Probed& probed : clusters) {
    const ClusterPtr& cluster = probed.cluster;
    if (!cluster->checks() || !cluster->checks()->active) continue;
    auto known = watches_.find(cluster->key());
    Watch* former = known == watches_.end() ? nullptr : known->second.get();
    if (former && former->is_of(probed)) {
      watches.emplace(cluster->key(), std::move(known->second));
      continue;
    }
    auto watch = std::make_unique<Watch>(*this, probed);
    watch->begin(former);
    watches.emplace(cluster->key(), std::move(watch));
  }
  watches_ = std::move(watches);
}

std::size_t Prober::probed_nodes() const {
  std::size_t count = 0;
  for (const auto& [key, watch] : watches_) count += watch->size();
  return count;
}

}  // namespace sallyport::upstream
