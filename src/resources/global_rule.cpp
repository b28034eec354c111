#include "resources/global_rule.h"

#include "resources/references.h"

#include <fmt/format.h>

namespace sallyport::resources {

Result<GlobalRule> global_rule_from(const json::Value& value) {
  GlobalRule rule;
  rule.id = id_text(value);
  TRY(rule.plugins, plugin_confs_from(value));
  return rule;
}

Status check_against(const json::Value& rule, const json::Value& other) {
  if (id_text(rule) == id_text(other)) return {};
  const json::Value* plugins = rule.find("plugins");
  const json::Value* taken = other.find("plugins");
  if (!plugins || !plugins->is_object() || !taken) return {};
  for (const auto& plugin : plugins->object()) {
    if (!taken->find(plugin.first)) continue;
    return fail(ErrorCode::kInvalid,
                fmt::format("plugin '{}' already exists in global rule with id '{}'", plugin.first, id_text(other)));
  }
  return {};
}

}  // namespace sallyport::resources
