#pragma once
// Members that a schema lets pass, as it names only some, and that are most likely misspelt. A pure function.

#include "json/value.h"

#include <string>
#include <vector>

namespace sallyport::json {

// Each member of `value` and of the objects in it that `schema` does not name, where a name it has is near:
// "headers.st is unknown and has no effect; did you mean set?". Only what stands under `properties` is followed.
std::vector<std::string> misspelt_members(const Value& schema, const Value& value);

}  // namespace sallyport::json
