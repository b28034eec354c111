#pragma once
// The inside of Schema. A compiled schema is a graph of nodes (a `$ref` may close a circle); a node is a list of rules,
// each for a group of keywords that belong together. Nodes and rules are immutable once compiled.

#include "json/schema.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::json {

// One check or fill in progress: how deep the schema has been followed and, where words are wanted, why it failed.
class Trial {
 public:
  explicit Trial(std::string* why, int depth = 0) : why_(why), depth_(depth) {}

  bool wants_words() const { return why_ != nullptr; }
  Trial quiet() const { return Trial(nullptr, depth_); }
  // The same trial, its words kept apart.
  Trial apart(std::string& why) const { return Trial(why_ ? &why : nullptr, depth_); }

  // A step deeper; false at a depth that only a schema which refers to itself without end can reach.
  bool enter() { return ++depth_ <= kMaxDepth; }
  void leave() { --depth_; }

  // Both answer false, so that a rule can `return trial.fail(...)`.
  template <class... Args>
  bool fail(fmt::format_string<Args...> why, Args&&... args) {
    if (why_) *why_ = fmt::format(why, std::forward<Args>(args)...);
    return false;
  }
  // What failed, seen from further out: "where: why".
  template <class... Args>
  bool fail_at(fmt::format_string<Args...> where, Args&&... args) {
    if (why_) *why_ = fmt::format(where, std::forward<Args>(args)...) + ": " + *why_;
    return false;
  }

 private:
  static constexpr int kMaxDepth = 1000;  // values end at 128 levels, each of which passes a few nodes
  std::string* why_;
  int depth_;
};

struct Rule {
  std::function<bool(const Value&, Trial&)> check;
  std::function<void(Value&, Trial&)> fill;  // empty where no default can lie below
};

struct Schema::Node {
  const Value* written = nullptr;
  std::vector<Rule> rules;
  bool fills = false;  // one of the rules does

  bool check(const Value& value, Trial& trial) const;
  bool accepts(const Value& value, const Trial& trial) const;  // without words
  void fill(Value& value, Trial& trial) const;
  const Value* default_value() const { return written->find("default"); }
};

using Node = Schema::Node;

// Makes nodes of schemas. A `place` tells where in the schema we are, as a JSON pointer: "#/properties/uri".
class Compiler {
 public:
  Compiler(const Value& root, std::vector<std::unique_ptr<Node>>& nodes);

  Result<const Node*> compile(const Value& schema, const std::string& place);
  // The node of "#", "#/definitions/x" or any other pointer into the schema itself.
  Result<const Node*> refer(const std::string& pointer, const std::string& place);

 private:
  Status fill_in(Node& node, const std::string& place);

  const Value& root_;
  std::vector<std::unique_ptr<Node>>& nodes_;
  std::map<std::string, const Node*> referred_;
  bool any_default_;  // in the whole schema: a node that is being referred to may not be finished yet
};

// Each adds the rules of its group of keywords to a node, none where node.written has no such keyword.
using AddRules = Status(Compiler& compiler, Node& node, const std::string& place);
AddRules add_type_rules;       // type
AddRules add_object_rules;     // properties ... propertyNames
AddRules add_array_rules;      // items ... contains
AddRules add_string_rules;     // minLength, maxLength, pattern, format
AddRules add_number_rules;     // minimum ... multipleOf
AddRules add_value_rules;      // enum, const
AddRules add_combining_rules;  // allOf, anyOf, oneOf, if, not

// What a keyword holds, null where it is absent. Error: kInvalid with the place, where it is of another type.
Result<const Value*> keyword(const Node& node, std::string_view name, Type type, const std::string& place);
// As above for a count: a whole number that is not negative.
Result<const Value*> count_keyword(const Node& node, std::string_view name, const std::string& place);
// The node of the schema that a keyword holds, null where it is absent.
Result<const Node*> node_keyword(Compiler& compiler, const Node& node, std::string_view name, const std::string& place);

[[nodiscard]] std::unexpected<Error> bad_schema(const std::string& place, std::string_view what);

// The name of a value's type as the field's messages have it: arrays and objects are both a "table".
std::string_view type_in_messages(const Value& value);

}  // namespace sallyport::json
