#include "resources/route.h"

#include "resources/members.h"
#include "resources/references.h"

namespace sallyport::resources {

Result<Route> route_from(const json::Value& value) {
  Route route;
  route.id = id_text(value);
  route.name = value.string_or("name", "");
  route.uris = one_or_many(value, "uri", "uris");
  route.hosts = in_lower_case(one_or_many(value, "host", "hosts"));
  route.methods = strings(value, "methods");
  route.remote_addrs = one_or_many(value, "remote_addr", "remote_addrs");
  route.vars = value_of(value, "vars");
  route.filter_func = value.string_or("filter_func", "");
  route.priority = value.integer_or("priority", 0);
  route.enabled = value.integer_or("status", 1) == 1;
  TRY(route.plugins, plugin_confs_from(value));
  route.plugin_config_id = id_text(value, "plugin_config_id");
  route.service_id = id_text(value, "service_id");
  route.upstream_id = id_text(value, "upstream_id");
  TRY(route.upstream, inner_upstream_from(value));
  route.timeout = timeouts_from(value);
  route.enable_websocket = boolean_of(value, "enable_websocket");
  route.script = value.string_or("script", "");
  return route;
}

}  // namespace sallyport::resources
