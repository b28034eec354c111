#pragma once
// The plugins of one resource, compiled one by one, so that a plugin whose conf did not change is kept when another
// one's did. Immutable.

#include "async/task.h"
#include "base/result.h"
#include "chain/catalog.h"
#include "chain/chain.h"
#include "json/value.h"
#include "resources/plugin_confs.h"
#include "snapshot/reuse.h"
#include "snapshot/unknown_plugins.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::snapshot {

using async::Task;

struct CompiledPlugin {
  std::string name;
  std::shared_ptr<const chain::PluginType> type;
  json::Value conf;                // as written, with `_meta`
  std::vector<chain::Link> links;  // none when it is disabled
};
using CompiledPlugins = std::vector<std::shared_ptr<const CompiledPlugin>>;
using CompiledPluginsPtr = std::shared_ptr<const CompiledPlugins>;

// Confs that lie in resources, each under another name.
using ChosenConfs = std::vector<const resources::PluginConf*>;

// By name, of the last of `places` that has it, and in the order in which the names first come: a conf is taken as a
// whole, never mixed. For a route: service, plugin_config, route; null where it has none.
ChosenConfs choose_confs(std::initializer_list<const resources::PluginConfs*> places);

// `resource` is "routes/1"; `previous` is what the same resource had before, or null. `previous` itself where nothing
// changed. What `plugins` points to stays until the Task ends. Error: kInvalid, as chain::compile_links words it.
// `unknown`: what becomes of those that the catalog does not have.
Task<Result<CompiledPluginsPtr>> compile_plugins(const chain::Catalog& catalog, UnknownPlugins unknown,
                                                 ChosenConfs plugins, std::string resource, CompiledPluginsPtr previous,
                                                 Reuse reuse);

// All links in the order of running: by priority, then as written.
std::vector<chain::Link> links_of(const CompiledPlugins& plugins);

}  // namespace sallyport::snapshot
