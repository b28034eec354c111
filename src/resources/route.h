#pragma once
// Which requests, and what becomes of them: plugins and an upstream of its own or by reference. A plain value.

#include "base/result.h"
#include "json/value.h"
#include "resources/plugin_confs.h"
#include "resources/upstream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::resources {

struct Route {
  std::string id;
  std::string name;

  std::vector<std::string> uris;          // of `uri` or `uris`, as written
  std::vector<std::string> hosts;         // of `host` or `hosts`, lower case; empty: those of the service, or any
  std::vector<std::string> methods;       // empty: any
  std::vector<std::string> remote_addrs;  // addresses and networks; empty: any
  json::Value vars;                       // an expression; null: always true
  std::string filter_func;                // Lua source; empty: none
  std::int64_t priority = 0;
  bool enabled = true;  // `status`

  PluginConfs plugins;
  std::string plugin_config_id, service_id, upstream_id;  // empty: none
  std::optional<Upstream> upstream;
  std::optional<Timeouts> timeout;  // wins over the upstream's
  std::optional<bool> enable_websocket;
  std::string script;  // Lua source; empty: none

  friend bool operator==(const Route&, const Route&) = default;
};

// Of a value that `check` accepted and whose defaults are filled. Error: kInvalid, as of its parts.
Result<Route> route_from(const json::Value& value);

}  // namespace sallyport::resources
