#pragma once
// Chooses the endpoint for one try of an exchange. A Balancer belongs to one worker and keeps what lives longer than a
// snapshot: positions and counts by the key of the cluster, and the addresses of names.

#include "async/task.h"
#include "base/result.h"
#include "upstream/cluster.h"
#include "upstream/endpoint.h"
#include "upstream/forbidden_addresses.h"

#include <memory>
#include <vector>

namespace sallyport::async {
class Reactor;
class Resolver;
}  // namespace sallyport::async

namespace sallyport::upstream {

class HealthBook;

using async::Task;

// The endpoints that one exchange has tried; a further try goes elsewhere.
class Tried {
 public:
  void add(const EndpointRef& endpoint) { endpoints_.emplace_back(endpoint); }
  bool has(const Endpoint& endpoint) const noexcept;
  bool empty() const noexcept { return endpoints_.empty(); }

 private:
  std::vector<EndpointOwner> endpoints_;
};

struct BalancerOptions {
  ForbiddenAddresses forbidden;
  Milliseconds resolve_timeout{5'000};
  Milliseconds names_valid{0};   // keeps an answer that long whatever its time to live; 0: the time to live decides
  HealthBook* health = nullptr;  // outlives the Balancer; null: every node counts as healthy
};

class Balancer final {
 public:
  Balancer(async::Reactor& reactor, async::Resolver& resolver, BalancerOptions options);
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;
  ~Balancer();

  // The endpoint for the next try. The Task is ready unless a name has to be looked up first. All three references stay
  // valid until it ends. Errors, side upstream:
  //   kUnavailable (503)  no nodes, no name resolves, or only forbidden addresses
  //   kNotFound    (502)  every endpoint was tried by this exchange
  Task<Result<EndpointRef>> pick(const Cluster& cluster, const exchange::Exchange& exchange, const Tried& tried);

  // What else `endpoint`'s node stands for and may be used for the same try: its name's other addresses, those of the
  // other family first. Mostly none.
  std::vector<EndpointOwner> others(const Cluster& cluster, const Endpoint& endpoint, const Tried& tried);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::upstream
