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
                   const resources::SecretLookup& secrets, std::string_view schema_prefix) {
  if (!secrets && !resources::secret_references_in(kind, value).empty()) return {};
  TRY(json::Value used, resources::with_environment(kind, value));
  TRY(used, resources::with_secrets(kind, std::move(used), secrets));
  Status checked = check_used(catalog, kind, used, schema_prefix);
  return checked ? checked : resources::told_without_values(std::move(checked).error(), value, used);
}

}  // namespace sallyport::snapshot
