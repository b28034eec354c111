#include "json/schema.h"

#include "json/parse.h"
#include "json/schema_rules.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sallyport::json {
namespace {

// What a Schema owns: the nodes point into `source` and at each other.
struct Document {
  Value source;
  std::vector<std::unique_ptr<Node>> nodes;
};

bool holds_default(const Value& schema) {
  if (schema.is_array()) return std::ranges::any_of(schema.array(), holds_default);
  if (!schema.is_object()) return false;
  return std::ranges::any_of(
      schema.object(), [](const Member& member) { return member.first == "default" || holds_default(member.second); });
}

// The next step of a JSON pointer (RFC 6901), unescaped, taken off its front.
std::string take_step(std::string_view& pointer) {
  pointer.remove_prefix(1);
  std::string_view raw = pointer.substr(0, pointer.find('/'));
  pointer.remove_prefix(raw.size());
  std::string step;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    bool escaped = raw[i] == '~' && i + 1 < raw.size();
    step += !escaped ? raw[i] : raw[++i] == '1' ? '/' : '~';
  }
  return step;
}

const Value* step_into(const Value& schema, const std::string& step) {
  if (!schema.is_array()) return schema.find(step);
  std::size_t index = 0;
  for (char c : step) {
    if (c < '0' || c > '9' || index > schema.array().size()) return nullptr;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return !step.empty() && index < schema.array().size() ? &schema.array()[index] : nullptr;
}

}  // namespace

bool Node::check(const Value& value, Trial& trial) const {
  if (!trial.enter()) return trial.fail("the schema refers to itself without end");
  bool good = std::ranges::all_of(rules, [&](const Rule& rule) { return rule.check(value, trial); });
  trial.leave();
  return good;
}

bool Node::accepts(const Value& value, const Trial& trial) const {
  Trial quiet = trial.quiet();
  return check(value, quiet);
}

void Node::fill(Value& value, Trial& trial) const {
  if (fills && trial.enter()) {
    for (const Rule& rule : rules) {
      if (rule.fill) rule.fill(value, trial);
    }
  }
  if (fills) trial.leave();
}

Compiler::Compiler(const Value& root, std::vector<std::unique_ptr<Node>>& nodes)
    : root_(root), nodes_(nodes), any_default_(holds_default(root)) {}

Result<const Node*> Compiler::compile(const Value& schema, const std::string& place) {
  Node& node = *nodes_.emplace_back(std::make_unique<Node>());
  node.written = &schema;
  TRY_STATUS(fill_in(node, place));
  return &node;
}

Status Compiler::fill_in(Node& node, const std::string& place) {
  const Value& schema = *node.written;
  if (schema.is_boolean()) {
    if (!schema.boolean()) {
      node.rules.push_back({[](const Value&, Trial& trial) { return trial.fail("expect false always"); }, {}});
    }
    return {};
  }
  if (!schema.is_object()) return bad_schema(place, "a schema is an object, true or false");
  TRY(const Value* reference, keyword(node, "$ref", Type::kString, place));
  if (reference) {
    TRY(const Node* target, refer(reference->string(), place));
    Rule rule{[target](const Value& value, Trial& trial) { return target->check(value, trial); }, {}};
    if (any_default_) rule.fill = [target](Value& value, Trial& trial) { target->fill(value, trial); };
    node.rules.push_back(std::move(rule));
  } else {
    for (AddRules* add : {add_type_rules, add_object_rules, add_array_rules, add_string_rules, add_number_rules,
                          add_value_rules, add_combining_rules}) {
      TRY_STATUS(add(*this, node, place));
    }
  }
  node.fills = std::ranges::any_of(node.rules, [](const Rule& rule) { return bool(rule.fill); });
  return {};
}

Result<const Node*> Compiler::refer(const std::string& pointer, const std::string& place) {
  if (auto known = referred_.find(pointer); known != referred_.end()) return known->second;
  if (pointer != "#" && !pointer.starts_with("#/")) {
    return bad_schema(place, fmt::format("$ref \"{}\" does not start with \"#/\": only places in this schema can be "
                                         "referred to",
                                         pointer));
  }
  const Value* target = &root_;
  std::string_view rest = std::string_view(pointer).substr(1);
  while (target && !rest.empty()) target = step_into(*target, take_step(rest));
  if (!target) return bad_schema(place, fmt::format("$ref \"{}\" names nothing in this schema", pointer));
  // Known before it is compiled, as it may refer to itself.
  Node& node = *nodes_.emplace_back(std::make_unique<Node>());
  node.written = target;
  referred_[pointer] = &node;
  TRY_STATUS(fill_in(node, pointer));
  return &node;
}

Result<const Value*> keyword(const Node& node, std::string_view name, Type type, const std::string& place) {
  const Value* found = node.written->find(name);
  if (!found || found->type() == type || (type == Type::kNumber && found->is_number())) return found;
  return bad_schema(place, fmt::format("\"{}\" is of the wrong type", name));
}

Result<const Value*> count_keyword(const Node& node, std::string_view name, const std::string& place) {
  TRY(const Value* found, keyword(node, name, Type::kNumber, place));
  if (!found || (found->is_integer() && found->integer() >= 0)) return found;
  return bad_schema(place, fmt::format("\"{}\" is no count", name));
}

Result<const Node*> node_keyword(Compiler& compiler, const Node& node, std::string_view name,
                                 const std::string& place) {
  const Value* found = node.written->find(name);
  if (!found) return nullptr;
  return compiler.compile(*found, fmt::format("{}/{}", place, name));
}

std::unexpected<Error> bad_schema(const std::string& place, std::string_view what) {
  return fail(ErrorCode::kInvalid, fmt::format("schema {}: {}", place, what));
}

Result<Schema> Schema::compile(const Value& schema) {
  auto document = std::make_shared<Document>();
  document->source = schema;
  Compiler compiler(document->source, document->nodes);
  TRY(const Node* root, compiler.compile(document->source, "#"));
  return Schema(std::shared_ptr<const Node>(std::move(document), root));
}

Schema Schema::must_compile(std::string_view schema_text) {
  auto compile_text = [&]() -> Result<Schema> {
    TRY(Value schema, parse(schema_text));
    return compile(schema);
  };
  auto schema = compile_text();
  if (schema) return std::move(*schema);
  std::fprintf(stderr, "a schema of our own does not compile: %s\n", schema.error().what.c_str());
  std::abort();
}

Status Schema::check(const Value& value) const {
  std::string why;
  Trial trial(&why);
  bool good;
  if (root_->fills) {
    Value filled = value;
    fill_defaults(filled);
    good = root_->check(filled, trial);
  } else {
    good = root_->check(value, trial);
  }
  if (good) return {};
  return fail(ErrorCode::kInvalid, std::move(why));
}

void Schema::fill_defaults(Value& value) const {
  Trial trial(nullptr);
  root_->fill(value, trial);
}

const Value& Schema::source() const { return *root_->written; }

}  // namespace sallyport::json
