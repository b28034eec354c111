#include "snapshot/resource_check.h"

#include "resources/plugin_confs.h"

namespace sallyport::snapshot {

Status check_alone(const chain::Catalog& catalog, resources::Kind kind, const json::Value& value,
                   std::string_view schema_prefix) {
  TRY_STATUS(resources::check(kind, value, schema_prefix));
  TRY(resources::PluginConfs confs, resources::plugin_confs_from(value));
  for (const resources::PluginConf& conf : confs) TRY_STATUS(catalog.check(conf.name, conf.conf));
  return {};
}

}  // namespace sallyport::snapshot
