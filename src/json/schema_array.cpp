// items, additionalItems, minItems, maxItems, uniqueItems, contains.
#include "json/parse.h"
#include "json/schema_rules.h"

#include <algorithm>
#include <unordered_map>

namespace sallyport::json {
namespace {

// Nodes for the first items, one each, and one for all that follow; null where anything is allowed.
struct Items {
  std::vector<const Node*> first;
  const Node* rest = nullptr;
  bool rest_forbidden = false;

  const Node* at(std::size_t index) const { return index < first.size() ? first[index] : rest; }

  bool check(const Array& array, Trial& trial) const {
    for (std::size_t i = 0; i < array.size(); ++i) {
      const Node* node = at(i);
      if (!node) return true;
      if (node->check(array[i], trial)) continue;
      bool additional = !first.empty() && i >= first.size();
      if (additional && rest_forbidden) return trial.fail("found unexpected extra items in array");
      return trial.fail_at("failed to validate {}item {}", additional ? "additional " : "", i + 1);
    }
    return true;
  }

  void fill(Array& array, Trial& trial) const {
    for (std::size_t i = 0; i < array.size() && at(i); ++i) at(i)->fill(array[i], trial);
  }

  bool fills() const {
    return (rest && rest->fills) || std::ranges::any_of(first, [](const Node* node) { return node->fills; });
  }
};

// The same text for equal values: members sorted, numbers in their shortest form.
void print_sorted_to(std::string& out, const Value& value) {
  if (value.is_array()) {
    for (const Value& item : value.array()) print_sorted_to(out += ',', item);
    out += ']';
  } else if (value.is_object()) {
    std::vector<const Member*> members;
    for (const Member& member : value.object()) members.push_back(&member);
    std::ranges::sort(members, {}, [](const Member* member) -> const std::string& { return member->first; });
    for (const Member* member : members) {
      print_string_to(out, member->first);
      print_sorted_to(out += ':', member->second);
    }
    out += '}';
  } else {
    print_to(out, value);
  }
}

bool check_unique(const Array& array, Trial& trial) {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < array.size(); ++i) {
    std::string text;
    print_sorted_to(text, array[i]);
    auto [known, is_new] = seen.emplace(std::move(text), i);
    if (!is_new) return trial.fail("expected unique items but items {} and {} are equal", known->second + 1, i + 1);
  }
  return true;
}

Status add_counts(Node& node, const std::string& place) {
  TRY(const Value* least, count_keyword(node, "minItems", place));
  TRY(const Value* most, count_keyword(node, "maxItems", place));
  if (!least && !most) return {};
  auto check = [least, most](const Value& value, Trial& trial) {
    if (!value.is_array()) return true;
    auto count = static_cast<std::int64_t>(value.array().size());
    if (least && count < least->integer()) {
      return trial.fail("expect array to have at least {} items", least->integer());
    }
    if (most && count > most->integer()) return trial.fail("expect array to have at most {} items", most->integer());
    return true;
  };
  node.rules.push_back({check, {}});
  return {};
}

Status add_items(Compiler& compiler, Node& node, const std::string& place) {
  const Value* written = node.written->find("items");
  if (!written) return {};
  Items items;
  if (written->is_array()) {
    for (std::size_t i = 0; i < written->array().size(); ++i) {
      TRY(const Node* item, compiler.compile(written->array()[i], fmt::format("{}/items/{}", place, i)));
      items.first.push_back(item);
    }
    TRY(items.rest, node_keyword(compiler, node, "additionalItems", place));
    items.rest_forbidden = items.rest && *items.rest->written == Value(false);
  } else {
    TRY(items.rest, node_keyword(compiler, node, "items", place));
  }
  Rule rule{
      [items](const Value& value, Trial& trial) { return !value.is_array() || items.check(value.array(), trial); }, {}};
  if (items.fills()) {
    rule.fill = [items](Value& value, Trial& trial) {
      if (value.is_array()) items.fill(value.array(), trial);
    };
  }
  node.rules.push_back(std::move(rule));
  return {};
}

Status add_contains(Compiler& compiler, Node& node, const std::string& place) {
  TRY(const Node* wanted, node_keyword(compiler, node, "contains", place));
  if (!wanted) return {};
  auto check = [wanted](const Value& value, Trial& trial) {
    if (!value.is_array()) return true;
    if (value.array().empty()) return trial.fail("check contains: empty array is invalid");
    auto fits = [&](const Value& item) { return wanted->accepts(item, trial); };
    return std::ranges::any_of(value.array(), fits) || trial.fail("failed to check contains");
  };
  node.rules.push_back({check, {}});
  return {};
}

}  // namespace

Status add_array_rules(Compiler& compiler, Node& node, const std::string& place) {
  TRY_STATUS(add_counts(node, place));
  TRY_STATUS(add_items(compiler, node, place));
  TRY(const Value* unique, keyword(node, "uniqueItems", Type::kBoolean, place));
  if (unique && unique->boolean()) {
    auto check = [](const Value& value, Trial& trial) {
      return !value.is_array() || check_unique(value.array(), trial);
    };
    node.rules.push_back({check, {}});
  }
  return add_contains(compiler, node, place);
}

}  // namespace sallyport::json
