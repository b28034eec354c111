#include "snapshot/resource_set.h"

#include <utility>

namespace sallyport::snapshot {
namespace {

void set_use(route::HashTrie<ResourceSet::Ids>& used_by, const std::string& used, const std::string& route_id,
             bool uses) {
  const ResourceSet::Ids* present = used_by.find(used);
  ResourceSet::Ids ids = present ? *present : ResourceSet::Ids();
  ids = ids.with(route_id, uses ? std::make_shared<const std::string>(route_id) : nullptr);
  used_by = used_by.with(used, ids.empty() ? nullptr : std::make_shared<const ResourceSet::Ids>(std::move(ids)));
}

}  // namespace

void ResourceSet::put_route(const std::string& id, std::shared_ptr<const ServedRoute> served) {
  const ServedRoute* old = routes.find(id);
  if (old && old->entry) table = table.without(old->entry);
  if (served && served->entry) table = table.with(served->entry);
  if (!old || !served || old->uses != served->uses) {
    for (const std::string& used : old ? old->uses : std::vector<std::string>()) set_use(used_by, used, id, false);
    for (const std::string& used : served ? served->uses : std::vector<std::string>()) set_use(used_by, used, id, true);
  }
  routes = routes.with(id, std::move(served));
}

void ResourceSet::renew_globals() {
  auto links = std::make_shared<std::vector<chain::Link>>();
  for (const auto& [id, global] : global_rules) {
    for (chain::Link& link : links_of(*global->plugins)) links->push_back(std::move(link));
  }
  global_links = std::move(links);

  auto plan = std::make_shared<Plan>();
  plan->chain = std::make_shared<const chain::Chain>(*global_links);
  plan->no_upstream = Refusal{404, "404 Route Not Found", "no_route"};
  no_route = std::move(plan);
}

}  // namespace sallyport::snapshot
