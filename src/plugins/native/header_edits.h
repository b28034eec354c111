#pragma once
// What a conf does to the fields of a message: adds lines, sets fields, removes fields, in this order.
// Immutable, shared by all workers.

#include "base/result.h"
#include "exchange/template.h"
#include "http/headers.h"
#include "json/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::plugins::native {

class HeaderEdits {
 public:
  // Values are strings with variables, numbers, or lists of both. An empty value adds nothing and sets nothing: the
  // field is removed. Error: kInvalid: the name or the text of a value cannot stand in a message.
  Status add(std::string_view name, const json::Value& value);
  Status set(std::string_view name, const json::Value& value);
  Status remove(std::string_view name);

  // `groups` are what "$1" in a value stands for. Control bytes in values are percent-encoded.
  void apply(http::Headers& headers, const exchange::Exchange& exchange,
             const exchange::Template::Groups& groups = {}) const;

 private:
  struct Edit {
    std::string name;
    http::FieldName known;
    std::vector<exchange::Template> values;
  };
  static Result<Edit> make_edit(std::string_view name, const json::Value& value);

  std::vector<Edit> added_;
  std::vector<Edit> set_;
  std::vector<std::string> removed_;
};

// `value` with control bytes percent-encoded, as what a client sent may hold bytes that would end the line; in the
// arena where that changes it.
std::string_view as_field_value(std::string_view value, Arena& arena);

// Whether `headers` has the form {"add": ..., "set": ..., "remove": ...}, rather than being a map of fields to set.
bool names_edits(const json::Value& headers);

}  // namespace sallyport::plugins::native
