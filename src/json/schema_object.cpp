// properties, patternProperties, additionalProperties, required, dependencies, propertyNames, minProperties,
// maxProperties.
#include "base/bytes.h"
#include "base/regex.h"
#include "base/setting_text.h"
#include "json/schema_rules.h"

#include <algorithm>
#include <unordered_map>

namespace sallyport::json {
namespace {

struct Pattern {
  std::string text;
  Regex regex;
  const Node* node;
};

// The three keywords that say which members may be there, which only make sense together.
struct Members {
  std::vector<std::pair<std::string, const Node*>> listed;
  std::unordered_map<std::string, const Node*, StringHash, std::equal_to<>> by_name;
  std::vector<Pattern> patterns;
  const Node* others = nullptr;  // for what is neither listed nor fits a pattern; null where anything is allowed
  bool others_forbidden = false;

  bool check(const Object& object, Trial& trial) const {
    for (const auto& [name, value] : object) {
      auto found = by_name.find(name);
      if (found != by_name.end() && !found->second->check(value, trial)) {
        return trial.fail_at("property \"{}\" validation failed", name);
      }
    }
    return std::ranges::all_of(object, [&](const Member& member) { return check_unlisted(member, trial); });
  }

  bool check_unlisted(const Member& member, Trial& trial) const {
    const auto& [name, value] = member;
    bool known = by_name.contains(name);
    for (const Pattern& pattern : patterns) {
      if (!pattern.regex.matches(name)) continue;
      known = true;
      if (!pattern.node->check(value, trial)) {
        return trial.fail_at("failed to validate {} (matching \"{}\")", name, pattern.text);
      }
    }
    if (known || (!others && !others_forbidden)) return true;
    if (others_forbidden) return trial.fail("additional properties forbidden, found {}{}", name, hint(name, trial));
    return others->check(value, trial) || trial.fail_at("failed to validate additional property {}", name);
  }

  std::string hint(const std::string& name, const Trial& trial) const {
    if (!trial.wants_words()) return {};
    std::vector<std::string_view> names;
    names.reserve(listed.size());
    for (const auto& [known, node] : listed) names.push_back(known);
    return did_you_mean(name, names);
  }

  void fill(Object& object, Trial& trial) const {
    for (auto& [name, value] : object) {
      if (auto found = by_name.find(name); found != by_name.end()) found->second->fill(value, trial);
      fill_unlisted(name, value, trial);
    }
    for (const auto& [name, node] : listed) {
      const Value* otherwise = node->default_value();
      if (!otherwise || object.find(name)) continue;
      node->fill(object.append(name, *otherwise), trial);
    }
  }

  void fill_unlisted(const std::string& name, Value& value, Trial& trial) const {
    bool known = by_name.contains(name);
    for (const Pattern& pattern : patterns) {
      if (!pattern.regex.matches(name)) continue;
      known = true;
      pattern.node->fill(value, trial);
    }
    if (!known && others) others->fill(value, trial);
  }

  bool fills() const {
    auto does = [](const auto& member) { return member.second->fills || member.second->default_value(); };
    return std::ranges::any_of(listed, does) || (others && others->fills) ||
           std::ranges::any_of(patterns, [](const Pattern& pattern) { return pattern.node->fills; });
  }
};

Status compile_patterns(Compiler& compiler, const Object& written, Members& members, const std::string& place) {
  for (const auto& [text, schema] : written) {
    std::string at = fmt::format("{}/patternProperties/{}", place, text);
    auto regex = Regex::compile(text);
    if (!regex) return bad_schema(at, regex.error().what);
    TRY(const Node* node, compiler.compile(schema, at));
    members.patterns.push_back({text, std::move(*regex), node});
  }
  return {};
}

Status add_members(Compiler& compiler, Node& node, const std::string& place) {
  auto members = std::make_shared<Members>();
  TRY(const Value* listed, keyword(node, "properties", Type::kObject, place));
  TRY(const Value* patterns, keyword(node, "patternProperties", Type::kObject, place));
  const Value* others = node.written->find("additionalProperties");
  if (!listed && !patterns && !others) return {};
  if (listed) {
    for (const auto& [name, schema] : listed->object()) {
      TRY(const Node* member, compiler.compile(schema, fmt::format("{}/properties/{}", place, name)));
      members->listed.emplace_back(name, member);
      members->by_name.emplace(name, member);
    }
  }
  if (patterns) TRY_STATUS(compile_patterns(compiler, patterns->object(), *members, place));
  TRY(members->others, node_keyword(compiler, node, "additionalProperties", place));
  members->others_forbidden = others && *others == Value(false);

  std::shared_ptr<const Members> shared = std::move(members);
  Rule rule{
      [shared](const Value& value, Trial& trial) { return !value.is_object() || shared->check(value.object(), trial); },
      {}};
  if (shared->fills()) {
    rule.fill = [shared](Value& value, Trial& trial) {
      if (value.is_object()) shared->fill(value.object(), trial);
    };
  }
  node.rules.push_back(std::move(rule));
  return {};
}

Status check_names(const Array& names, std::string_view keyword_name, const std::string& place) {
  if (std::ranges::all_of(names, [](const Value& name) { return name.is_string(); })) return {};
  return bad_schema(place, fmt::format("\"{}\" lists something that is no name", keyword_name));
}

Status add_required(Node& node, const std::string& place) {
  TRY(const Value* required, keyword(node, "required", Type::kArray, place));
  if (!required) return {};
  TRY_STATUS(check_names(required->array(), "required", place));
  auto check = [required](const Value& value, Trial& trial) {
    if (!value.is_object()) return true;
    for (const Value& name : required->array()) {
      if (!value.find(name.string())) return trial.fail("property \"{}\" is required", name.string());
    }
    return true;
  };
  node.rules.push_back({check, {}});
  return {};
}

// A member that brings others with it.
void add_companions(Node& node, const std::string& name, const Array& companions) {
  auto check = [name, companions = &companions](const Value& value, Trial& trial) {
    if (!value.find(name)) return true;
    for (const Value& companion : *companions) {
      if (value.find(companion.string())) continue;
      return trial.fail("property \"{}\" is required when \"{}\" is set", companion.string(), name);
    }
    return true;
  };
  node.rules.push_back({check, {}});
}

// A member that brings a further schema for the whole object.
void add_dependent_schema(Node& node, const std::string& name, const Node* dependent) {
  Rule rule{[name, dependent](const Value& value, Trial& trial) {
              if (!value.find(name) || dependent->check(value, trial)) return true;
              return trial.fail_at("failed to validate dependent schema for \"{}\"", name);
            },
            {}};
  if (dependent->fills) {
    rule.fill = [name, dependent](Value& value, Trial& trial) {
      if (value.find(name)) dependent->fill(value, trial);
    };
  }
  node.rules.push_back(std::move(rule));
}

Status add_dependencies(Compiler& compiler, Node& node, const std::string& place) {
  TRY(const Value* dependencies, keyword(node, "dependencies", Type::kObject, place));
  if (!dependencies) return {};
  for (const auto& [name, dependency] : dependencies->object()) {
    if (dependency.is_array()) {
      TRY_STATUS(check_names(dependency.array(), "dependencies", place));
      add_companions(node, name, dependency.array());
    } else {
      TRY(const Node* dependent, compiler.compile(dependency, fmt::format("{}/dependencies/{}", place, name)));
      add_dependent_schema(node, name, dependent);
    }
  }
  return {};
}

Status add_property_names(Compiler& compiler, Node& node, const std::string& place) {
  TRY(const Node* names, node_keyword(compiler, node, "propertyNames", place));
  if (!names) return {};
  auto check = [names](const Value& value, Trial& trial) {
    if (!value.is_object()) return true;
    for (const auto& member : value.object()) {
      if (!names->check(Value(member.first), trial)) return trial.fail_at("name of property \"{}\"", member.first);
    }
    return true;
  };
  node.rules.push_back({check, {}});
  return {};
}

Status add_member_counts(Node& node, const std::string& place) {
  TRY(const Value* least, count_keyword(node, "minProperties", place));
  TRY(const Value* most, count_keyword(node, "maxProperties", place));
  if (!least && !most) return {};
  auto check = [least, most](const Value& value, Trial& trial) {
    if (!value.is_object()) return true;
    auto count = static_cast<std::int64_t>(value.object().size());
    if (least && count < least->integer()) {
      return trial.fail("expect object to have at least {} properties", least->integer());
    }
    if (most && count > most->integer()) {
      return trial.fail("expect object to have at most {} properties", most->integer());
    }
    return true;
  };
  node.rules.push_back({check, {}});
  return {};
}

}  // namespace

Status add_object_rules(Compiler& compiler, Node& node, const std::string& place) {
  TRY_STATUS(add_members(compiler, node, place));
  TRY_STATUS(add_required(node, place));
  TRY_STATUS(add_dependencies(compiler, node, place));
  TRY_STATUS(add_member_counts(node, place));
  return add_property_names(compiler, node, place);
}

}  // namespace sallyport::json
