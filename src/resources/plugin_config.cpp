#include "resources/plugin_config.h"

#include "resources/references.h"

namespace sallyport::resources {

Result<PluginConfig> plugin_config_from(const json::Value& value) {
  PluginConfig config;
  config.id = id_text(value);
  config.name = value.string_or("name", "");
  TRY(config.plugins, plugin_confs_from(value));
  return config;
}

}  // namespace sallyport::resources
