#pragma once
// Plugins that run for every request, before those of its route. A plain value.

#include "base/result.h"
#include "json/value.h"
#include "resources/plugin_confs.h"

#include <string>

namespace sallyport::resources {

struct GlobalRule {
  std::string id;
  PluginConfs plugins;

  friend bool operator==(const GlobalRule&, const GlobalRule&) = default;
};

// Of a value that `check` accepted and whose defaults are filled. Error: kInvalid, as of its plugins.
Result<GlobalRule> global_rule_from(const json::Value& value);

// A plugin may be in one global rule only. Error: kInvalid, naming the plugin of `rule` that `other` has already;
// none when both have one id.
Status check_against(const json::Value& rule, const json::Value& other);

}  // namespace sallyport::resources
