#include "snapshot/resource_set.h"

#include <utility>

namespace sallyport::snapshot {
namespace {

using Uses = std::vector<std::string>;  // "services/1" ...

void add_uses(route::HashTrie<ResourceSet::Ids>& used_by, const Uses& uses, const std::string& route_id) {
  for (const std::string& used : uses) {
    if (!used_by.find(used)) used_by.set(used, std::make_shared<ResourceSet::Ids>());
    used_by.edit(used)->set(route_id, std::make_shared<std::string>(route_id));
  }
}

void remove_uses(route::HashTrie<ResourceSet::Ids>& used_by, const Uses& uses, const std::string& route_id) {
  for (const std::string& used : uses) {
    ResourceSet::Ids* ids = used_by.edit(used);
    ids->set(route_id, nullptr);
    if (ids->empty()) used_by.set(used, nullptr);
  }
}

void put_entry(route::RouteTable& table, const route::RouteEntryPtr& before, const route::RouteEntryPtr& now) {
  if (before && now) {
    table.replace(before, now);
  } else if (now) {
    table.put(now);
  } else if (before) {
    table.take_out(before);
  }
}

}  // namespace

void ResourceSet::put_route(const std::string& id, std::shared_ptr<const ServedRoute> served) {
  const std::shared_ptr<const ServedRoute> old = routes.share(id);
  put_entry(table, old ? old->entry : nullptr, served ? served->entry : nullptr);
  const Uses none;
  const Uses& used = old ? old->compiled->uses : none;
  const Uses& uses = served ? served->compiled->uses : none;
  if (used != uses) {
    remove_uses(used_by, used, id);
    add_uses(used_by, uses, id);
  }
  put_checked("routes/" + id, served && served->entry ? served->compiled->own_cluster : nullptr);
  routes.set(id, std::move(served));
}

void ResourceSet::put_checked(const std::string& key, const upstream::ClusterPtr& cluster) {
  const upstream::Cluster* now = cluster && cluster->checks() ? cluster.get() : nullptr;
  if (checked.find(key) != now) checked.set(key, now ? cluster : nullptr);
}

void ResourceSet::renew_certificates() {
  auto identities = std::make_shared<ClientIdentities>();
  std::vector<tls::ServerRulePtr> rules;
  for (const auto& [id, served] : ssls) {
    if (served->rule) rules.push_back(served->rule);
    if (served->identity) identities->emplace(id, served->identity);
  }
  server_names = std::make_shared<const tls::ServerNames>(rules);
  client_identities = std::move(identities);
}

void ResourceSet::renew_globals() {
  std::vector<chain::Link> links;
  for (const auto& [id, global] : global_rules) {
    for (chain::Link& link : links_of(*global->plugins)) links.push_back(std::move(link));
  }
  globals = std::make_shared<const Globals>(++last_globals, std::move(links));
  if (no_route) return;

  auto plan = std::make_shared<Plan>();
  plan->plugins = std::make_shared<const PluginChains>(std::make_shared<const CompiledPlugins>());
  plan->no_upstream = Refusal{404, "404 Route Not Found", "no_route"};
  no_route = std::move(plan);
}

}  // namespace sallyport::snapshot
