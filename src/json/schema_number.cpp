// minimum, maximum, exclusiveMinimum, exclusiveMaximum (a number, or true beside minimum as in draft 4), multipleOf.
#include "json/parse.h"
#include "json/schema_rules.h"

#include <cmath>
#include <compare>

namespace sallyport::json {
namespace {

std::partial_ordering compare(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.integer() <=> b.integer();
  return a.number() <=> b.number();
}

// A bound that numbers keep when `keeps` says so of their order against it.
void add_bound(Node& node, const Value& bound, bool (*keeps)(std::partial_ordering), std::string_view words) {
  auto check = [bound = &bound, keeps, words](const Value& value, Trial& trial) {
    if (!value.is_number() || keeps(compare(value, *bound))) return true;
    return trial.fail("expected {} to be {} {}", print(value), words, print(*bound));
  };
  node.rules.push_back({check, {}});
}

struct Bounds {
  std::string_view name, exclusive_name;
  bool (*keeps)(std::partial_ordering);
  bool (*keeps_exclusively)(std::partial_ordering);
  std::string_view words, exclusive_words;
};

constexpr Bounds kLower{"minimum",
                        "exclusiveMinimum",
                        [](std::partial_ordering o) { return o >= 0; },
                        [](std::partial_ordering o) { return o > 0; },
                        "at least",
                        "greater than"};
constexpr Bounds kUpper{"maximum",
                        "exclusiveMaximum",
                        [](std::partial_ordering o) { return o <= 0; },
                        [](std::partial_ordering o) { return o < 0; },
                        "at most",
                        "smaller than"};

Status add_bounds(Node& node, const Bounds& bounds, const std::string& place) {
  TRY(const Value* bound, keyword(node, bounds.name, Type::kNumber, place));
  const Value* exclusive = node.written->find(bounds.exclusive_name);
  if (exclusive && exclusive->is_boolean()) {
    if (exclusive->boolean() && bound) {
      add_bound(node, *bound, bounds.keeps_exclusively, bounds.exclusive_words);
      return {};
    }
    exclusive = nullptr;
  }
  if (exclusive && !exclusive->is_number()) {
    return bad_schema(place, fmt::format("\"{}\" is of the wrong type", bounds.exclusive_name));
  }
  if (bound) add_bound(node, *bound, bounds.keeps, bounds.words);
  if (exclusive) add_bound(node, *exclusive, bounds.keeps_exclusively, bounds.exclusive_words);
  return {};
}

// Quotients that differ from a whole number by rounding alone count as whole: 1.13 is a multiple of 0.01.
bool is_multiple(const Value& value, const Value& factor) {
  if (value.is_integer() && factor.is_integer()) return value.integer() % factor.integer() == 0;
  double quotient = value.number() / factor.number();
  double whole = std::round(quotient);
  return std::abs(quotient - whole) <= 1e-12 * std::max(1.0, std::abs(whole));
}

}  // namespace

Status add_number_rules(Compiler&, Node& node, const std::string& place) {
  TRY_STATUS(add_bounds(node, kLower, place));
  TRY_STATUS(add_bounds(node, kUpper, place));
  TRY(const Value* factor, keyword(node, "multipleOf", Type::kNumber, place));
  if (!factor) return {};
  if (factor->number() <= 0) return bad_schema(place, "\"multipleOf\" is not above 0");
  auto check = [factor](const Value& value, Trial& trial) {
    if (!value.is_number() || is_multiple(value, *factor)) return true;
    return trial.fail("expected {} to be a multiple of {}", print(value), print(*factor));
  };
  node.rules.push_back({check, {}});
  return {};
}

}  // namespace sallyport::json
