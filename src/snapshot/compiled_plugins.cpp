#include "snapshot/compiled_plugins.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::snapshot {
namespace {

const CompiledPlugin* find(const CompiledPluginsPtr& plugins, const std::string& name) {
  if (!plugins) return nullptr;
  auto found = std::ranges::find(*plugins, name, &CompiledPlugin::name);
  return found == plugins->end() ? nullptr : &*found;
}

}  // namespace

Task<Result<CompiledPluginsPtr>> compile_plugins(const chain::Catalog& catalog, json::Object plugins,
                                                 std::string resource, CompiledPluginsPtr previous, Reuse reuse) {
  auto compiled = std::make_shared<CompiledPlugins>();
  bool is_as_before = previous && previous->size() == plugins.size();
  for (const auto& [name, conf] : plugins) {
    const CompiledPlugin* old = find(previous, name);
    if (old && reuse == Reuse::kSameConf && old->conf == conf) {
      is_as_before = is_as_before && old == &(*previous)[compiled->size()];
      compiled->push_back(*old);
      continue;
    }
    is_as_before = false;
    std::optional<chain::Chain> predecessor;
    if (old) predecessor.emplace(old->links);
    json::Object alone;
    alone[name] = conf;
    auto links = co_await chain::compile_links(catalog, alone, resource, predecessor ? &*predecessor : nullptr);
    if (!links) co_return fail(std::move(links).error());
    compiled->push_back({name, conf, std::move(*links)});
  }
  co_return is_as_before ? previous : CompiledPluginsPtr(std::move(compiled));
}

std::vector<chain::Link> links_of(const CompiledPlugins& plugins) {
  std::vector<chain::Link> links;
  for (const CompiledPlugin& plugin : plugins) {
    for (const chain::Link& link : plugin.links) {
      links.insert(std::ranges::upper_bound(links, link.priority, std::ranges::greater{}, &chain::Link::priority),
                   link);
    }
  }
  return links;
}

json::Object to_object(const resources::PluginConfs& confs) {
  json::Object object;
  for (const resources::PluginConf& each : confs) object[each.name] = each.conf;
  return object;
}

}  // namespace sallyport::snapshot
