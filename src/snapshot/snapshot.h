#pragma once
// A Snapshot is all resources at one moment, compiled for serving. Immutable, shared by all workers.

#include "exchange/exchange.h"
#include "route/hash_trie.h"
#include "route/route_table.h"
#include "snapshot/client_identities.h"
#include "snapshot/named_clusters.h"
#include "snapshot/plan.h"
#include "snapshot/snapshot_ptr.h"
#include "tls/server_names.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace sallyport::snapshot {

// Those with health checks, by their keys.
using CheckedClusters = route::HashTrie<upstream::Cluster>;

class Snapshot final {
 public:
  Snapshot(std::uint64_t revision, route::RouteTable routes, PlanPtr no_route, GlobalsPtr globals,
           NamedClusters upstreams = {}, std::shared_ptr<const tls::ServerNames> server_names = nullptr,
           std::shared_ptr<const ClientIdentities> client_identities = nullptr, CheckedClusters checked = {})
      : revision_(revision),
        routes_(std::move(routes)),
        no_route_(std::move(no_route)),
        globals_(std::move(globals)),
        upstreams_(std::move(upstreams)),
        server_names_(std::move(server_names)),
        client_identities_(std::move(client_identities)),
        checked_(std::move(checked)) {}

  std::uint64_t revision() const noexcept { return revision_; }
  std::size_t routes() const noexcept { return routes_.size(); }

  // The plan for this request, and everything in `exchange.matched`. Without a route: the plan of the global rules,
  // whose `refusal` is empty and `no_upstream` says 404.
  const Plan& find(exchange::Exchange& exchange) const;

  // The cluster of the upstream of that id or name; null: there is none. It may outlive the Snapshot.
  upstream::ClusterPtr upstream(std::string_view id_or_name) const { return upstreams_.find(id_or_name); }

  // What handshakes with clients choose from; null: no certificate is there. It may outlive the Snapshot.
  const std::shared_ptr<const tls::ServerNames>& server_names() const noexcept { return server_names_; }

  // What upstreams are shown that name the `ssls` resource of that id; null: there is none of the type client.
  tls::ClientIdentityPtr client_identity(std::string_view id) const;

  // Every cluster whose nodes are to be checked, also those that no route leads to.
  const CheckedClusters& checked() const noexcept { return checked_; }

  // The plugins of one of its plans, those of the global rules first; compiled when it is asked for the first time.
  const chain::Chain& chain_of(const Plan& plan) const { return plan.plugins->behind(globals_); }

 private:
  std::uint64_t revision_;
  route::RouteTable routes_;
  PlanPtr no_route_;
  GlobalsPtr globals_;
  NamedClusters upstreams_;
  std::shared_ptr<const tls::ServerNames> server_names_;
  std::shared_ptr<const ClientIdentities> client_identities_;
  CheckedClusters checked_;
};

}  // namespace sallyport::snapshot
