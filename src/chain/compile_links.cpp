#include "chain/catalog.h"
#include "chain/chain.h"
#include "chain/meta.h"

#include <algorithm>
#include <exception>
#include <string>

namespace sallyport::chain {
namespace {

const Plugin* plugin_named(std::string_view name, const Chain* chain) {
  if (!chain) return nullptr;
  auto found = std::ranges::find(chain->links(), name, &Link::name);
  return found == chain->links().end() ? nullptr : found->plugin.get();
}

// The conf as its plugin sees it: without `_meta`, with its defaults.
json::Value own_conf(const PluginType& type, const json::Value& written) {
  json::Value conf = written;
  conf.object().erase("_meta");
  type.schema().fill_defaults(conf);
  return conf;
}

Link make_link(PluginInstance instance, const Meta& meta, RunPolicy run_policy) {
  Link link;
  link.reason = "plugin:" + instance.name;
  link.name = std::move(instance.name);
  link.priority = meta.priority.value_or(instance.priority);
  link.plugin = std::move(instance.plugin);
  link.filter = meta.filter;
  link.error_response = meta.error_response;
  link.error_response_is_json = meta.error_response_is_json;
  link.run_policy = run_policy;
  return link;
}

// Behind those of the same priority.
void insert_by_priority(std::vector<Link>& links, Link link) {
  auto at = std::ranges::upper_bound(links, link.priority, std::ranges::greater{}, &Link::priority);
  links.insert(at, std::move(link));
}

// A plugin that throws on a conf has a fault; whoever wrote the conf hears of it, and nobody waits for ever.
Task<Result<std::vector<PluginInstance>>> instances_of(const PluginType& type, const json::Value& conf,
                                                       const Place& place) {
  try {
    co_return co_await type.instances(conf, place);
  } catch (const std::exception& thrown) {
    co_return fail(ErrorCode::kInvalid, "the plugin failed on it, which is a fault of the gateway: " +
                                            std::string(thrown.what()) + "; please report it with this conf");
  }
}

}  // namespace

Task<Result<std::vector<Link>>> compile_links(const Catalog& catalog, const json::Object& plugins, std::string resource,
                                              const Chain* predecessor) {
  std::vector<Link> links;
  for (const auto& [name, written] : plugins) {
    CO_TRY_STATUS(catalog.check(name, written));
    if (is_disabled(written)) continue;
    const PluginType& type = *catalog.find(name);
    CO_TRY(Meta meta, Meta::of(written));
    json::Value conf = own_conf(type, written);
    Place place{resource, plugin_named(name, predecessor)};
    auto instances = co_await instances_of(type, conf, place);
    if (!instances) {
      co_return fail_at("failed to check the configuration of plugin " + name + " err", std::move(instances.error()));
    }
    for (PluginInstance& instance : *instances) {
      insert_by_priority(links, make_link(std::move(instance), meta, type.run_policy()));
    }
  }
  co_return links;
}

}  // namespace sallyport::chain
