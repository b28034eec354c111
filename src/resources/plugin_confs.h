#pragma once
// The `plugins` member of a resource: plugin name -> conf, in written order.

#include "base/result.h"
#include "json/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::resources {

struct PluginConf {
  std::string name;
  json::Value conf;  // an object, with its `_meta`; whether the plugin takes it is checked elsewhere

  friend bool operator==(const PluginConf&, const PluginConf&) = default;
};

using PluginConfs = std::vector<PluginConf>;

// Null when there is no such plugin.
const json::Value* find_conf(const PluginConfs& confs, std::string_view plugin) noexcept;

// `resource` is what has the `plugins` member; without one there are none.
// Error: kInvalid, `invalid plugin conf 1 for plugin [x]`, when a conf is no object.
Result<PluginConfs> plugin_confs_from(const json::Value& resource);

}  // namespace sallyport::resources
