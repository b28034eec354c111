#include "resources/kinds.h"

#include "json/parse.h"
#include "resources/rules.h"
#include "resources/schemas.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace sallyport::resources {
namespace {

constexpr std::uint8_t set(std::initializer_list<Method> methods) {
  std::uint8_t sum = 0;
  for (Method method : methods) sum |= static_cast<std::uint8_t>(method);
  return sum;
}

constexpr std::uint8_t kEveryMethod = set({Method::kGet, Method::kPut, Method::kPost, Method::kPatch, Method::kDelete});
// A plugin config, global rule or secret is named by whoever refers to it: nothing to generate an id for.
constexpr std::uint8_t kNoPost = set({Method::kGet, Method::kPut, Method::kPatch, Method::kDelete});

// In the order of Kind.
constexpr std::array kKinds{
    KindInfo{Kind::kRoute, "routes", "route", "route", kEveryMethod},
    KindInfo{Kind::kService, "services", "service", "service", kEveryMethod},
    KindInfo{Kind::kUpstream, "upstreams", "upstream", "upstream", kEveryMethod},
    KindInfo{Kind::kPluginConfig, "plugin_configs", "plugin config", "plugin_config", kNoPost},
    KindInfo{Kind::kGlobalRule, "global_rules", "global rule", "global_rule", kNoPost},
    KindInfo{Kind::kSsl, "ssls", "ssl", "ssl", kEveryMethod},
    KindInfo{Kind::kSecret, "secrets", "secret", "secret", kNoPost},
};

constexpr std::array kSchemaTexts{route_schema,       service_schema, upstream_schema, plugin_config_schema,
                                  global_rule_schema, ssl_schema,     secret_schema};
static_assert(kKinds.size() == kSchemaTexts.size());

constexpr std::array kDefinitionTexts{shared_definitions,        member_definitions,       upstream_definition,
                                      upstream_part_definitions, health_check_definitions, active_check_definition,
                                      passive_check_definition,  pem_definitions};

json::Value parse_own(std::string_view text) {
  auto value = json::parse(text);
  if (value) return std::move(*value);
  std::fprintf(stderr, "a schema of our own is no JSON: %s\n", value.error().what.c_str());
  std::abort();
}

json::Object all_definitions() {
  json::Object all;
  for (auto definitions : kDefinitionTexts) {
    json::Value further = parse_own(definitions());
    for (auto& [name, definition] : further.object()) all.append(name, std::move(definition));
  }
  return all;
}

// `written` with the definitions in place of the references to them; what stands beside a reference is added.
json::Value without_references(const json::Value& written, const json::Object& definitions) {
  if (written.is_array()) {
    json::Array items;
    for (const json::Value& item : written.array()) items.push_back(without_references(item, definitions));
    return items;
  }
  if (!written.is_object()) return written;
  json::Object members;
  for (const auto& [name, value] : written.object()) {
    if (name == "$ref") {
      constexpr std::string_view kPlace = "#/definitions/";
      const json::Value* definition = definitions.find(std::string_view(value.string()).substr(kPlace.size()));
      members = without_references(*definition, definitions).object();
    } else {
      members[name] = without_references(value, definitions);
    }
  }
  return members;
}

struct Compiled {
  json::Schema schema;
  std::string text;
};

const Compiled& compiled(Kind kind) {
  static const std::vector<Compiled> all = [] {
    std::vector<Compiled> made;
    json::Object definitions = all_definitions();
    for (auto schema_text : kSchemaTexts) {
      std::string text = json::print(without_references(parse_own(schema_text()), definitions));
      made.push_back({json::Schema::must_compile(text), text});
    }
    return made;
  }();
  return all[static_cast<std::size_t>(kind)];
}

}  // namespace

std::span<const KindInfo> kinds() noexcept { return kKinds; }

const KindInfo& info(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

const KindInfo* find_kind(std::string_view folder) noexcept {
  auto found = std::ranges::find(kKinds, folder, &KindInfo::folder);
  return found == kKinds.end() ? nullptr : &*found;
}

const json::Schema& schema(Kind kind) { return compiled(kind).schema; }

std::string_view schema_text(Kind kind) { return compiled(kind).text; }

Status check(Kind kind, const json::Value& value, std::string_view schema_prefix) {
  TRY_STATUS(check_contradictions(kind, value));
  if (Status status = schema(kind).check(value); !status) {
    status.error().what.insert(0, schema_prefix);
    return status;
  }
  return check_rules(kind, value, schema_prefix);
}

}  // namespace sallyport::resources
