#pragma once
// Probes the nodes of clusters with active checks and writes into the HealthBook what comes of it, once for the whole
// process. Belongs to one thread, whose loop does nothing else that takes long: a probe that is late for reasons of our
// own would count against its node.

#include "async/reactor.h"
#include "async/resolver.h"
#include "upstream/connector.h"
#include "upstream/forbidden_addresses.h"
#include "upstream/health_book.h"
#include "upstream/names.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::upstream {

struct ProberOptions {
  ForbiddenAddresses forbidden;             // which are not probed
  const tls::ClientContext* tls = nullptr;  // for probes over TLS; outlives the Prober
  Milliseconds resolve_timeout{5'000};
  Milliseconds names_valid{0};  // as of BalancerOptions
};

// A cluster with active checks, and the certificate that its nodes are shown where it names one by `identity_id`.
struct Probed {
  ClusterPtr cluster;
  tls::ClientIdentityPtr named;  // else null
};

class Prober final {
 public:
  Prober(async::Reactor& reactor, async::Resolver& resolver, HealthBook& book, ProberOptions options);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober();

  // From now these are probed, and nothing else. A node that was probed before goes on in its turn.
  void follow(const std::vector<Probed>& clusters);

  std::size_t probed_nodes() const;

 private:
  class Watch;

  async::Reactor& reactor_;
  HealthBook& book_;
  ForbiddenAddresses forbidden_;
  Connector connector_;
  Names names_;
  std::map<std::string, std::unique_ptr<Watch>> watches_;  // by the keys of clusters
};

}  // namespace sallyport::upstream
