#include "snapshot/resource_check.h"

#include "resources/environment_references.h"
#include "resources/plugin_confs.h"

namespace sallyport::snapshot {

namespace {

Status check_used(const chain::Catalog& catalog, resources::Kind kind, const json::Value& value,
                  std::string_view schema_prefix) {
  TRY_STATUS(resources::check(kind, value, schema_prefix));
  TRY(resources::PluginConfs confs, resources::plugin_confs_from(value));
  for (const resources::PluginConf& conf : confs) TRY_STATUS(catalog.check(conf.name, conf.conf));
  return {};
}

}  // namespace

Status check_alone(const chain::Catalog& catalog, resources::Kind kind, const json::Value& value,
                   std::string_view schema_prefix) {
  TRY(const json::Value used, resources::with_environment(kind, value));
  Status checked = check_used(catalog, kind, used, schema_prefix);
  return checked ? checked : resources::told_without_values(std::move(checked).error(), value, used);
}

}  // namespace sallyport::snapshot
