#pragma once
// The proxy of the gateway with everything it is made of (router, chains of plugins, balancer, pools, both protocols),
// on a simulated loop with simulated names; and the book of what was asked and what came of it. Belongs to one thread.

#include "async/loop_fixture.h"
#include "async/simulated_reactor_fixture.h"
#include "async/simulated_resolver_fixture.h"
#include "chain/catalog.h"
#include "proxy/proxy.h"
#include "proxy/scripted_plugin_fixture.h"
#include "simulation/plan.h"
#include "snapshot/snapshot_builder.h"
#include "telemetry/metrics.h"
#include "upstream/balancer.h"
#include "upstream/connection_pool.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::simulation {

using async::Task;

class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // Resources, before or while it serves.
  void put(std::string kind, std::string id, std::string_view text);
  // The same again, compiled anew and published to the proxy.
  Task<void> reload();

  void open();  // serves from now on
  async::Address address() const { return listener_->local_address(); }

  Entry& enter(Plan plan);
  Entry* find(std::string_view number);
  const std::deque<Entry>& entries() const { return entries_; }

  // What must not happen. The first ones are kept.
  void violate(std::string what);
  const std::vector<std::string>& violations() const { return violations_; }

  // Lets time go on until the condition holds; false, and a violation, if it does not within `longest`.
  Task<bool> within(Milliseconds longest, std::string what, std::function<bool()> condition);
  Task<void> pause(Milliseconds time);

  // After the clients have gone: nothing is left of what they asked.
  Task<void> settle();
  // Nor of the connections that served it; the pool of upstream connections is emptied.
  Task<void> nothing_is_left();
  // Takes the gateway down: nothing is left at all.
  Task<void> close();
  // After the loop has run: lets go of routes and their plugins.
  void forget();

  async::Loop loop;
  async::SimulatedReactor& reactor;
  async::SeededChance& chance;
  async::SimulatedResolver names;
  proxy::Script script;  // of the plugin "scripted", which does what the plan of its request says
  chain::Catalog catalog;
  proxy::Options options;
  telemetry::WorkerMetrics metrics;
  std::optional<proxy::Proxy> gateway;
  std::size_t upstream_connections = 0;  // that servers hold

 private:
  static std::unique_ptr<async::Reactor> simulated(std::uint64_t seed) {
    return std::make_unique<async::SimulatedReactor>(seed);
  }
  Task<chain::Verdict> act(chain::Phase phase, exchange::Exchange& exchange, chain::BodyStage* stage);
  Task<chain::Verdict> wait_and_proceed();
  void check_log(const Entry& entry);

  std::deque<Entry> entries_;
  std::vector<std::string> violations_;
  std::vector<snapshot::Item> items_;
  std::optional<snapshot::SnapshotBuilder> builder_;
  std::optional<upstream::Balancer> balancer_;
  std::optional<upstream::ConnectionPool> pool_;
  proxy::ExchangeLog log_{metrics};
  std::optional<snapshot::Snapshots> snapshots_;
  std::unique_ptr<async::Listener> listener_;
};

}  // namespace sallyport::simulation
