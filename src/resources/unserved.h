#pragma once
// Members that a resource may have, as in APISIX, and that this gateway does not act on yet. Whoever serves a resource
// says so, as nothing else would tell that they are without effect.

#include "json/value.h"
#include "resources/kinds.h"

#include <string>
#include <vector>

namespace sallyport::resources {

// Of a value that `check` accepted: "upstream.checks has no effect yet: ..."; none when everything is served.
std::vector<std::string> unserved_members(Kind kind, const json::Value& value);

}  // namespace sallyport::resources
