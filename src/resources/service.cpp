#include "resources/service.h"

#include "resources/members.h"
#include "resources/references.h"

namespace sallyport::resources {

Result<Service> service_from(const json::Value& value) {
  Service service;
  service.id = id_text(value);
  service.name = value.string_or("name", "");
  service.hosts = in_lower_case(strings(value, "hosts"));
  TRY(service.plugins, plugin_confs_from(value));
  service.upstream_id = id_text(value, "upstream_id");
  TRY(service.upstream, inner_upstream_from(value));
  service.enable_websocket = boolean_of(value, "enable_websocket");
  service.script = value.string_or("script", "");
  return service;
}

}  // namespace sallyport::resources
