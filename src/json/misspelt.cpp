#include "json/misspelt.h"

#include "base/setting_text.h"

#include <string_view>

namespace sallyport::json {
namespace {

std::string hint_for(const std::string& misspelt, const Object& named) {
  std::vector<std::string_view> names;
  names.reserve(named.size());
  for (const auto& [name, schema] : named) names.push_back(name);
  return did_you_mean(misspelt, names);
}

void add_misspelt(const Value& schema, const Value& value, const std::string& path, std::vector<std::string>& found) {
  const Value* named = schema.find("properties");
  if (!named || !named->is_object() || !value.is_object() || schema.find("patternProperties")) return;
  for (const auto& [name, member] : value.object()) {
    if (const Value* below = named->find(name)) {
      add_misspelt(*below, member, path + name + ".", found);
    } else if (std::string hint = hint_for(name, named->object()); !hint.empty()) {
      found.push_back(path + name + " is unknown and has no effect" + hint);
    }
  }
}

}  // namespace

std::vector<std::string> misspelt_members(const Value& schema, const Value& value) {
  std::vector<std::string> found;
  add_misspelt(schema, value, "", found);
  return found;
}

}  // namespace sallyport::json
