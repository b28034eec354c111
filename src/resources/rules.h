#pragma once
// What a JSON Schema cannot say about a resource, or only in words that help nobody. Members may be absent; absent ones
// count as their defaults. Error: kInvalid with APISIX's words.

#include "base/result.h"
#include "json/value.h"
#include "resources/kinds.h"

#include <string_view>

namespace sallyport::resources {

// Of two members only one; asked before the schema, of any value.
Status check_contradictions(Kind kind, const json::Value& value);

// Asked of what the schema has accepted. Some of it is said by smaller schemas, with `schema_prefix` before their
// words.
Status check_rules(Kind kind, const json::Value& value, std::string_view schema_prefix);

}  // namespace sallyport::resources
