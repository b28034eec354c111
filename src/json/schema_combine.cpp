// allOf, anyOf, oneOf, if / then / else, not.
#include "json/parse.h"
#include "json/schema_rules.h"

#include <algorithm>

namespace sallyport::json {
namespace {

using Nodes = std::vector<const Node*>;

Result<Nodes> compile_list(Compiler& compiler, const Node& node, std::string_view name, const std::string& place) {
  TRY(const Value* written, keyword(node, name, Type::kArray, place));
  Nodes nodes;
  if (!written) return nodes;
  for (std::size_t i = 0; i < written->array().size(); ++i) {
    TRY(const Node* choice, compiler.compile(written->array()[i], fmt::format("{}/{}/{}", place, name, i)));
    nodes.push_back(choice);
  }
  return nodes;
}

bool any_fills(const Nodes& nodes) {
  return std::ranges::any_of(nodes, [](const Node* node) { return node->fills; });
}

// Fills `value` by the first of `nodes` that accepts what it has filled.
void fill_by_first(const Nodes& nodes, Value& value, Trial& trial) {
  for (const Node* node : nodes) {
    if (!node->fills) {
      if (node->accepts(value, trial)) return;
      continue;
    }
    Value filled = value;
    node->fill(filled, trial);
    if (!node->accepts(filled, trial)) continue;
    value = std::move(filled);
    return;
  }
}

// What one choice asks: its title, the members that it requires, or else what it objects to.
std::string asked_by(const Node& choice, const Value& value, const Trial& trial) {
  if (const Value* title = choice.written->find("title")) return print(*title);
  if (const Value* required = choice.written->find("required")) return print(*required);
  std::string why;
  Trial apart = trial.apart(why);
  choice.check(value, apart);
  return why;
}

// "this or that" of all choices. Those for values of another type are left out, where there are some for this one.
std::string choices(const Nodes& nodes, const Value& value, const Trial& trial) {
  std::string fitting, all;
  for (const Node* node : nodes) {
    std::string asked = asked_by(*node, value, trial);
    if (!asked.starts_with("wrong type: ")) fitting += (fitting.empty() ? "" : " or ") + asked;
    all += (all.empty() ? "" : " or ") + asked;
  }
  return fitting.empty() ? all : fitting;
}

Status add_all_of(Compiler& compiler, Node& node, const std::string& place) {
  TRY(Nodes nodes, compile_list(compiler, node, "allOf", place));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Rule rule{[part = nodes[i], i](const Value& value, Trial& trial) {
                return part->check(value, trial) || trial.fail_at("allOf {} failed", i + 1);
              },
              {}};
    if (nodes[i]->fills) rule.fill = [part = nodes[i]](Value& value, Trial& trial) { part->fill(value, trial); };
    node.rules.push_back(std::move(rule));
  }
  return {};
}

Status add_any_of(Compiler& compiler, Node& node, const std::string& place) {
  TRY(Nodes nodes, compile_list(compiler, node, "anyOf", place));
  if (nodes.empty()) return {};
  Rule rule{[nodes](const Value& value, Trial& trial) {
              auto accepts = [&](const Node* choice) { return choice->accepts(value, trial); };
              if (std::ranges::any_of(nodes, accepts)) return true;
              if (!trial.wants_words()) return false;
              return trial.fail("object matches none of the required: {}", choices(nodes, value, trial));
            },
            {}};
  if (any_fills(nodes)) rule.fill = [nodes](Value& value, Trial& trial) { fill_by_first(nodes, value, trial); };
  node.rules.push_back(std::move(rule));
  return {};
}

bool check_one_of(const Nodes& nodes, const Value& value, Trial& trial) {
  auto accepts = [&](const Node* choice) { return choice->accepts(value, trial); };
  auto matched = std::ranges::find_if(nodes, accepts);
  if (matched == nodes.end()) {
    if (!trial.wants_words()) return false;
    return trial.fail("value should match only one schema, but matches none: {}", choices(nodes, value, trial));
  }
  auto second = std::find_if(matched + 1, nodes.end(), accepts);
  if (second == nodes.end()) return true;
  return trial.fail("value should match only one schema, but matches both schemas {} and {}",
                    matched - nodes.begin() + 1, second - nodes.begin() + 1);
}

Status add_one_of(Compiler& compiler, Node& node, const std::string& place) {
  TRY(Nodes nodes, compile_list(compiler, node, "oneOf", place));
  if (nodes.empty()) return {};
  Rule rule{[nodes](const Value& value, Trial& trial) { return check_one_of(nodes, value, trial); }, {}};
  if (any_fills(nodes)) rule.fill = [nodes](Value& value, Trial& trial) { fill_by_first(nodes, value, trial); };
  node.rules.push_back(std::move(rule));
  return {};
}

Status add_condition(Compiler& compiler, Node& node, const std::string& place) {
  TRY(const Node* condition, node_keyword(compiler, node, "if", place));
  if (!condition) return {};
  TRY(const Node* met, node_keyword(compiler, node, "then", place));
  TRY(const Node* unmet, node_keyword(compiler, node, "else", place));
  auto clause = [condition, met, unmet](const Value& value, const Trial& trial) {
    return condition->accepts(value, trial) ? met : unmet;
  };
  Rule rule{[clause, met](const Value& value, Trial& trial) {
              const Node* asked = clause(value, trial);
              if (!asked || asked->check(value, trial)) return true;
              return trial.fail_at("{} clause did not match", asked == met ? "then" : "else");
            },
            {}};
  if ((met && met->fills) || (unmet && unmet->fills)) {
    rule.fill = [clause](Value& value, Trial& trial) {
      if (const Node* asked = clause(value, trial)) asked->fill(value, trial);
    };
  }
  node.rules.push_back(std::move(rule));
  return {};
}

Status add_not(Compiler& compiler, Node& node, const std::string& place) {
  TRY(const Node* unwanted, node_keyword(compiler, node, "not", place));
  if (!unwanted) return {};
  auto check = [unwanted](const Value& value, Trial& trial) {
    return !unwanted->accepts(value, trial) || trial.fail("value wasn't supposed to match schema");
  };
  node.rules.push_back({check, {}});
  return {};
}

}  // namespace

Status add_combining_rules(Compiler& compiler, Node& node, const std::string& place) {
  TRY_STATUS(add_all_of(compiler, node, place));
  TRY_STATUS(add_any_of(compiler, node, place));
  TRY_STATUS(add_one_of(compiler, node, place));
  TRY_STATUS(add_condition(compiler, node, place));
  return add_not(compiler, node, place);
}

}  // namespace sallyport::json
