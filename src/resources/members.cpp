#include "resources/members.h"

#include "base/bytes.h"

#include <algorithm>
#include <cmath>

namespace sallyport::resources {

std::vector<std::string> strings(const json::Value& resource, std::string_view member) {
  std::vector<std::string> texts;
  const json::Value* list = resource.find(member);
  if (!list || !list->is_array()) return texts;
  for (const json::Value& item : list->array()) {
    if (item.is_string()) texts.push_back(item.string());
  }
  return texts;
}

std::vector<std::string> one_or_many(const json::Value& resource, std::string_view one, std::string_view many) {
  const json::Value* single = resource.find(one);
  if (single && single->is_string()) return {single->string()};
  return strings(resource, many);
}

std::vector<std::string> in_lower_case(std::vector<std::string> texts) {
  for (std::string& text : texts) text = to_lower(text);
  return texts;
}

std::optional<bool> boolean_of(const json::Value& resource, std::string_view member) {
  const json::Value* found = resource.find(member);
  if (!found || !found->is_boolean()) return std::nullopt;
  return found->boolean();
}

json::Value value_of(const json::Value& resource, std::string_view member) {
  const json::Value* found = resource.find(member);
  return found ? *found : json::Value();
}

Milliseconds milliseconds(double seconds) {
  constexpr double kYear = 365.0 * 24 * 3600;
  if (!(seconds > 0)) return Milliseconds{0};
  double rounded = std::round(std::min(seconds, kYear) * 1000);
  return Milliseconds{std::max<std::int64_t>(1, static_cast<std::int64_t>(rounded))};
}

}  // namespace sallyport::resources
