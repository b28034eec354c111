#pragma once
// A Balancer on a loop whose time the test moves, with names that the test answers. No part of the product.

#include "async/event.h"
#include "async/manual_reactor_fixture.h"
#include "async/resolver.h"
#include "async/task_group.h"
#include "exchange/exchange_fixture.h"
#include "upstream/balancer.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::upstream {

// Answers what the test has put in; waits for it where there is nothing yet.
class ScriptedResolver final : public async::Resolver {
 public:
  using Answer = Result<std::vector<async::ResolvedAddress>>;

  Task<Answer> lookup(std::string name, Milliseconds) override {
    ++lookups;
    return wait_for(std::move(name));
  }
  void answer(const std::string& name, std::vector<std::string> ips, int ttl = 60) {
    std::vector<async::ResolvedAddress> addresses;
    addresses.reserve(ips.size());
    for (const auto& ip : ips) addresses.push_back({*async::Address::from_ip(ip, 0), std::chrono::seconds(ttl)});
    give(name, std::move(addresses));
  }
  void refuse(const std::string& name) {
    give(name, fail(ErrorCode::kNotFound, "cannot resolve the name \"" + name + "\": not there"));
  }
  void forget(const std::string& name) { answers_.erase(name); }
  int lookups = 0;

 private:
  Task<Answer> wait_for(std::string name) {
    if (!answers_.contains(name)) {
      auto event = std::make_shared<async::Event>();
      waiting_.emplace(name, event);
      co_await *event;
    }
    co_return answers_.at(name);
  }
  void give(const std::string& name, Answer answer) {
    answers_.insert_or_assign(name, std::move(answer));
    auto waiting = std::exchange(waiting_, {});
    for (auto& [of, event] : waiting) {
      if (of == name) {
        event->set();
      } else {
        waiting_.emplace(of, event);
      }
    }
  }
  std::map<std::string, Answer> answers_;
  std::multimap<std::string, std::shared_ptr<async::Event>> waiting_;
};

// nodes("10.0.0.1:80", 3)("a.test:80", 1, -1)
struct NodeWords {
  resources::Upstream upstream;
  NodeWords& operator()(const std::string& address, int weight = 1, int priority = 0) {
    const std::size_t colon = address.rfind(':');
    upstream.nodes.push_back(
        {address.substr(0, colon), static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))), weight, priority});
    return *this;
  }
  NodeWords& type(std::string name) { return upstream.type = std::move(name), *this; }
  NodeWords& hash(resources::HashOn on, std::string key) {
    upstream.hash_on = on;
    upstream.key = std::move(key);
    return type("chash");
  }
};

struct BalancerFixture {
  explicit BalancerFixture(BalancerOptions options = {}) : balancer(reactor, resolver, std::move(options)) {}

  static ClusterPtr cluster(const NodeWords& words, std::string key = "upstreams/1") {
    return *Cluster::compile(words.upstream, std::move(key), {});
  }

  // The address that is picked at once, or the text of the error, or "waits".
  std::string pick(const Cluster& cluster, const Tried& tried = {}) { return pick(cluster, request.exchange, tried); }
  std::string pick(const Cluster& cluster, const exchange::Exchange& exchange, const Tried& tried = {}) {
    auto task = balancer.pick(cluster, exchange, tried);
    if (!task.is_ready()) return "waits";
    auto picked = task.take_value();
    return picked ? (*picked)->text : picked.error().what;
  }
  std::vector<std::string> picks(const Cluster& cluster, int count) {
    std::vector<std::string> all;
    all.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) all.push_back(pick(cluster));
    return all;
  }
  // Uses of endpoints that last until they are dropped.
  EndpointRef hold(const Cluster& cluster, const Tried& tried = {}) {
    return *balancer.pick(cluster, request.exchange, tried).take_value();
  }
  // Picks in the background; `text` gets what `pick` would say.
  void pick_later(const Cluster& cluster, std::optional<std::string>& text) { tasks.spawn(keep(*this, cluster, text)); }
  static Task<void> keep(BalancerFixture& self, const Cluster& cluster, std::optional<std::string>& text) {
    Tried none;
    auto picked = co_await self.balancer.pick(cluster, self.request.exchange, none);
    text = picked ? (*picked)->text : picked.error().what;
  }

  async::ManualReactor reactor;
  ScriptedResolver resolver;
  exchange::ExchangeFixture request{"/"};
  Balancer balancer;
  async::TaskGroup tasks;
};

}  // namespace sallyport::upstream
