#pragma once
// Checks values against a JSON Schema (the draft-4 to draft-7 keywords that APISIX's schemas use), compiled once.
// A Schema is immutable and shared by all threads.

#include "base/result.h"
#include "json/value.h"

#include <memory>
#include <string_view>

namespace sallyport::json {

class Schema {
 public:
  // Error: kInvalid, naming the place in the schema.
  static Result<Schema> compile(const Value& schema);
  static Schema must_compile(
      std::string_view schema_text);  // for schemas written in the source; aborts with the reason

  // As the value is once its defaults are filled, which `value` itself need not be. Unlike in APISIX an empty array is
  // no object, nor the other way round.
  // Error: kInvalid with the text of APISIX's validator: `property "uri" validation failed: wrong type: expected
  // string, got number`.
  Status check(const Value& value) const;

  // Fills members that are absent and have a `default`, at any depth, in place; in anyOf and oneOf by the first choice
  // that accepts the value. Any value will do, what does not fit is left as it is.
  void fill_defaults(Value& value) const;

  const Value& source() const;  // the schema as it was written

  struct Node;

 private:
  explicit Schema(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace sallyport::json
