#include "exchange/expression.h"

#include "base/bytes.h"
#include "exchange/comparison.h"
#include "exchange/variable.h"
#include "json/parse.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::exchange {

// Either a comparison of one variable, or all or any of `members`.
struct Expression::Node {
  std::optional<Variable> variable;
  std::unique_ptr<const Comparison> comparison;
  bool any_of = false;
  bool negated = false;
  std::vector<std::unique_ptr<const Node>> members;

  bool holds(const Exchange& exchange) const {
    if (comparison) return comparison->holds(variable->of(exchange)) != negated;
    auto member_holds = [&](const auto& member) { return member->holds(exchange); };
    return (any_of ? std::ranges::any_of(members, member_holds) : std::ranges::all_of(members, member_holds)) !=
           negated;
  }
};

namespace {

using json::Value;
using Node = Expression::Node;
using NodePtr = std::unique_ptr<const Node>;

struct Logic {
  std::string_view name;
  bool any_of;
  bool negated;
};

constexpr Logic kLogic[] = {{"AND", false, false}, {"OR", true, false}, {"!AND", false, true}, {"!OR", true, true}};

const Logic* logic_named(const Value& value) {
  if (!value.is_string()) return nullptr;
  auto found =
      std::ranges::find_if(kLogic, [&](const Logic& l) { return equals_ignoring_case(l.name, value.string()); });
  return found == std::end(kLogic) ? nullptr : &*found;
}

std::unexpected<Error> wrong(std::string_view what, const json::Array& part) {
  return fail(ErrorCode::kInvalid, std::string(what) + " in " + json::print(Value(part)));
}

Result<NodePtr> compile(const json::Array& part);

Result<NodePtr> compile_members(const json::Array& part, std::size_t from, Logic logic) {
  auto node = std::make_unique<Node>();
  node->any_of = logic.any_of;
  node->negated = logic.negated;
  for (std::size_t i = from; i < part.size(); ++i) {
    if (!part[i].is_array()) return wrong("invalid expression, an element is no array", part);
    TRY(NodePtr member, compile(part[i].array()));
    node->members.push_back(std::move(member));
  }
  return node;
}

// [variable, operator, value], with "!" before the operator or, for equality, without one.
Result<NodePtr> compile_comparison(const json::Array& part) {
  if (!part[0].is_string() || part.size() < 2) return wrong("invalid expression", part);
  auto node = std::make_unique<Node>();
  node->variable.emplace(part[0].string());
  node->negated = part.size() == 4;
  if (node->negated && part[1] != Value("!")) return wrong("bad 'not' expression", part);
  std::size_t at = node->negated ? 2 : 1;
  Value right = at + 1 < part.size() ? part[at + 1] : Value();
  std::string op = part[at].is_string() ? part[at].string() : "";
  if (at + 1 >= part.size() && !is_operator(op)) {
    right = part[at];
    op = "==";
  }
  auto comparison = make_comparison(op, right);
  if (!comparison) return wrong(comparison.error().what, part);
  node->comparison = std::move(*comparison);
  return node;
}

Result<NodePtr> compile(const json::Array& part) {
  if (part.empty()) return wrong("rule too short", part);
  if (part[0].is_array()) return compile_members(part, 0, kLogic[0]);
  if (const Logic* logic = logic_named(part[0])) {
    if (part.size() <= 2) return wrong("rule too short", part);
    return compile_members(part, 1, *logic);
  }
  return compile_comparison(part);
}

}  // namespace

Expression::Expression() = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::compile(const Value& written) {
  if (!written.is_array())
    return fail(ErrorCode::kInvalid, "an expression must be an array, not " + json::print(written));
  const json::Array& rules = written.array();
  Expression expression;
  if (rules.empty()) return expression;
  if (!rules[0].is_array() && !logic_named(rules[0])) return wrong("rule should be wrapped inside brackets", rules);
  TRY(expression.root_, exchange::compile(rules));
  return expression;
}

bool Expression::always_true() const noexcept { return !root_; }

bool Expression::matches(const Exchange& exchange) const { return !root_ || root_->holds(exchange); }

}  // namespace sallyport::exchange
