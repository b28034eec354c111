#pragma once
// A Plan is everything that serves the exchanges of one route: texts, chain, cluster, limits of time.
// Immutable, shared by all workers, kept alive by the Snapshot.

#include "exchange/exchange.h"
#include "route/target.h"
#include "snapshot/plugin_chains.h"
#include "upstream/cluster.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::snapshot {

// Why a route cannot serve: what it refers to is missing.
struct Refusal {
  int status = 503;
  std::string message;      // for {"error_msg": ...}
  std::string_view reason;  // a token for the access log, a literal
};

struct Plan final : route::Target {
  std::string route_id;  // empty for the plan of "no route"
  std::string route_name;
  std::string service_id;
  std::string service_name;

  std::shared_ptr<const PluginChains> plugins;  // never null; Snapshot::chain_of puts the global rules before them
  upstream::ClusterPtr cluster;                 // null exactly when `no_upstream` is set
  upstream::Timeouts timeouts;                  // the route's, the service's or the cluster's
  bool enable_websocket = false;

  std::optional<Refusal> refusal;      // answered before any plugin acts on the request
  std::optional<Refusal> no_upstream;  // answered when the request would be forwarded, after the request phases

  // Writes ids and names into `matched`; uri and host are the match's.
  void describe(exchange::Matched& matched) const noexcept {
    matched.route_id = route_id;
    matched.route_name = route_name;
    matched.service_id = service_id;
    matched.service_name = service_name;
  }
};

using PlanPtr = std::shared_ptr<const Plan>;

}  // namespace sallyport::snapshot
