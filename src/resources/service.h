#pragma once
// What several routes have in common: hosts, plugins, an upstream. A plain value.

#include "base/result.h"
#include "json/value.h"
#include "resources/plugin_confs.h"
#include "resources/upstream.h"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::resources {

struct Service {
  std::string id;
  std::string name;

  std::vector<std::string> hosts;  // lower case; for routes that have none
  PluginConfs plugins;
  std::string upstream_id;  // empty: none
  std::optional<Upstream> upstream;
  std::optional<bool> enable_websocket;
  std::string script;  // Lua source; empty: none

  friend bool operator==(const Service&, const Service&) = default;
};

// Of a value that `check` accepted and whose defaults are filled. Error: kInvalid, as of its parts.
Result<Service> service_from(const json::Value& value);

}  // namespace sallyport::resources
