#pragma once
// What a JSON Schema cannot say about a resource, or only in words that help nobody. Members may be absent; absent ones
// count as their defaults. Error: kInvalid with APISIX's words.

#include "base/result.h"
#include "json/value.h"
#include "resources/kinds.h"

namespace sallyport::resources {

// Of two members only one; asked before the schema, of any value.
Status check_contradictions(Kind kind, const json::Value& value);

// Asked of what the schema has accepted.
Status check_rules(Kind kind, const json::Value& value);

}  // namespace sallyport::resources
