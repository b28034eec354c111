// type, enum, const.
#include "json/schema_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace sallyport::json {
namespace {

struct NamedType {
  std::string_view name;
  bool (*fits)(const Value&);
};

bool is_whole(const Value& value) {
  return value.is_integer() || (value.is_number() && std::trunc(value.number()) == value.number());
}

constexpr std::array kTypes{
    NamedType{"string", [](const Value& v) { return v.is_string(); }},
    NamedType{"integer", is_whole},
    NamedType{"number", [](const Value& v) { return v.is_number(); }},
    NamedType{"boolean", [](const Value& v) { return v.is_boolean(); }},
    NamedType{"object", [](const Value& v) { return v.is_object(); }},
    NamedType{"array", [](const Value& v) { return v.is_array(); }},
    NamedType{"null", [](const Value& v) { return v.is_null(); }},
};

Result<NamedType> named_type(const Value& name, const std::string& place) {
  auto found = std::ranges::find_if(kTypes, [&](const NamedType& t) { return name == Value(t.name); });
  if (found == kTypes.end()) return bad_schema(place, "\"type\" names no type of JSON");
  return *found;
}

Status add_type_list(Node& node, const Array& names, const std::string& place) {
  std::vector<NamedType> types;
  std::string listed;
  for (const Value& name : names) {
    TRY(NamedType type, named_type(name, place));
    types.push_back(type);
    listed += (listed.empty() ? "" : ", ") + std::string(type.name);
  }
  auto check = [types, listed](const Value& value, Trial& trial) {
    if (std::ranges::any_of(types, [&](const NamedType& type) { return type.fits(value); })) return true;
    return trial.fail("wrong type: expected one of {}, got {}", listed, type_in_messages(value));
  };
  node.rules.push_back({check, {}});
  return {};
}

}  // namespace

std::string_view type_in_messages(const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      return "null";
    case Type::kBoolean:
      return "boolean";
    case Type::kInteger:
    case Type::kNumber:
      return "number";
    case Type::kString:
      return "string";
    case Type::kArray:
    case Type::kObject:
      return "table";
  }
  return "";
}

Status add_type_rules(Compiler&, Node& node, const std::string& place) {
  const Value* type = node.written->find("type");
  if (!type) return {};
  if (type->is_array()) return add_type_list(node, type->array(), place);
  TRY(NamedType expected, named_type(*type, place));
  auto check = [expected](const Value& value, Trial& trial) {
    if (expected.fits(value)) return true;
    return trial.fail("wrong type: expected {}, got {}", expected.name, type_in_messages(value));
  };
  node.rules.push_back({check, {}});
  return {};
}

Status add_value_rules(Compiler&, Node& node, const std::string& place) {
  TRY(const Value* listed, keyword(node, "enum", Type::kArray, place));
  if (listed) {
    auto check = [listed](const Value& value, Trial& trial) {
      if (std::ranges::find(listed->array(), value) != listed->array().end()) return true;
      return trial.fail("matches none of the enum values");
    };
    node.rules.push_back({check, {}});
  }
  if (const Value* only = node.written->find("const")) {
    auto check = [only](const Value& value, Trial& trial) {
      return value == *only || trial.fail("failed to check const value");
    };
    node.rules.push_back({check, {}});
  }
  return {};
}

}  // namespace sallyport::json
