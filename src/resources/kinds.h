#pragma once
// The kinds of resources: what each is called, which methods of the Admin API it has, and what its JSON must look like.
// The list is constant; a new kind is a line in kinds.cpp and a schema. Any thread may read it.

#include "base/result.h"
#include "json/schema.h"
#include "json/value.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::resources {

enum class Kind : std::uint8_t { kRoute, kService, kUpstream, kPluginConfig, kGlobalRule, kSsl, kSecret };

// Of the Admin API; a set is a sum of them.
enum class Method : std::uint8_t { kGet = 1, kPut = 2, kPost = 4, kPatch = 8, kDelete = 16 };

struct KindInfo {
  Kind kind;
  std::string_view folder;       // "plugin_configs": in keys and in the addresses of the Admin API
  std::string_view name;         // "plugin config": in messages
  std::string_view schema_name;  // "plugin_config": in /apisix/admin/schema/plugin_config
  std::uint8_t methods;          // sum of those it has; the others answer 405

  bool allows(Method method) const noexcept { return (methods & static_cast<std::uint8_t>(method)) != 0; }
};

std::span<const KindInfo> kinds() noexcept;
const KindInfo& info(Kind kind) noexcept;
const KindInfo* find_kind(std::string_view folder) noexcept;  // null when there is none of that name

// The JSON Schema of a kind, without references, as the Admin API shows it.
const json::Schema& schema(Kind kind);
std::string_view schema_text(Kind kind);

// Whether `value` may be stored as such a resource: its schema, then the rules that a schema cannot say (of two members
// only one, `pass_host`, hash keys, addresses of nodes). Absent members count as their defaults.
// What other rooms know is not looked at: the confs of plugins beyond being objects, `vars`, what ids refer to.
// Error: kInvalid with APISIX's words; `schema_prefix` goes before what a schema says, not before rules, as its Admin
// API does it
// ("invalid configuration: ").
Status check(Kind kind, const json::Value& value, std::string_view schema_prefix = "");

}  // namespace sallyport::resources
