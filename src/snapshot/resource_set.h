#pragma once
// All resources at one moment with what was compiled of each. A set is copied to be changed; the copy shares all that
// stays the same. Belongs to the control thread.

#include "chain/chain.h"
#include "resources/global_rule.h"
#include "resources/plugin_config.h"
#include "resources/route.h"
#include "resources/service.h"
#include "resources/ssl.h"
#include "route/hash_trie.h"
#include "route/route_table.h"
#include "snapshot/client_identities.h"
#include "snapshot/compiled_plugins.h"
#include "snapshot/named_clusters.h"
#include "snapshot/plan.h"
#include "snapshot/plugin_chains.h"
#include "tls/server_names.h"
#include "upstream/cluster.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::snapshot {

using RoutePtr = std::shared_ptr<const resources::Route>;

// What a route is made of, whatever serves what it refers to.
struct CompiledRoute {
  RoutePtr route;
  std::vector<std::string> uses;  // "services/1" ...: with a change of these it is compiled or planned again
  CompiledPluginsPtr plugins;
  upstream::ClusterPtr own_cluster;  // of the upstream written in it, or null
  std::shared_ptr<const route::RuleSource> rule_source;
  std::shared_ptr<const route::RouteRule> rule;
};
using CompiledRoutePtr = std::shared_ptr<const CompiledRoute>;

struct ServedRoute {
  CompiledRoutePtr compiled;
  std::uint64_t order = 0;     // of creation
  route::RouteEntryPtr entry;  // leads to a Plan; null while it is switched off
};

struct ServedService {
  resources::Service service;
  upstream::ClusterPtr own_cluster;
};

struct ServedGlobalRule {
  resources::GlobalRule rule;
  CompiledPluginsPtr plugins;
};

struct ServedSsl {
  resources::Ssl ssl;
  tls::ServerRulePtr rule;          // of the type `server`
  tls::ClientIdentityPtr identity;  // of the type `client`; both are null when it is switched off
};

struct ResourceSet {
  using Ids = route::HashTrie<std::string>;

  explicit ResourceSet(route::RouterKind router) : table(router) {}

  route::HashTrie<ServedRoute> routes;
  route::HashTrie<ServedService> services;
  NamedClusters upstreams;
  route::HashTrie<resources::PluginConfig> plugin_configs;
  std::map<std::string, std::shared_ptr<const ServedGlobalRule>> global_rules;
  std::map<std::string, std::shared_ptr<const ServedSsl>> ssls;
  std::shared_ptr<const tls::ServerNames> server_names;  // of `ssls`; of two with the same name, the first id serves it
  std::shared_ptr<const ClientIdentities> client_identities;
  // By kind and id, as they were written: resources that refer to secrets, also those that were rejected.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const json::Value>> secret_users;
  route::HashTrie<upstream::Cluster> checked;  // those with health checks, by their keys
  route::HashTrie<Ids> used_by;                // "services/1" -> ids of routes

  std::uint64_t last_order = 0;
  std::uint32_t last_globals = 0;
  GlobalsPtr globals;
  route::RouteTable table;
  PlanPtr no_route;

  // Puts `served` in place of the route of that id (null: takes it out), in the table and in `used_by` too.
  void put_route(const std::string& id, std::shared_ptr<const ServedRoute> served);
  // Puts `cluster` in place of the one of that key in `checked`; null, or one without checks: takes it out.
  void put_checked(const std::string& key, const upstream::ClusterPtr& cluster);
  // `server_names` and `client_identities` of the present `ssls`.
  void renew_certificates();
  // `globals` and `no_route` of the present global rules.
  void renew_globals();
};

}  // namespace sallyport::snapshot
