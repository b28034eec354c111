#pragma once
// Plugins that several routes share by `plugin_config_id`. A plain value.

#include "base/result.h"
#include "json/value.h"
#include "resources/plugin_confs.h"

#include <string>

namespace sallyport::resources {

struct PluginConfig {
  std::string id;
  std::string name;
  PluginConfs plugins;

  friend bool operator==(const PluginConfig&, const PluginConfig&) = default;
};

// Of a value that `check` accepted and whose defaults are filled. Error: kInvalid, as of its plugins.
Result<PluginConfig> plugin_config_from(const json::Value& value);

}  // namespace sallyport::resources
