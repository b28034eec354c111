#pragma once
// Members of a resource as C++ values. Absent members, and those of another type, give the neutral value.

#include "base/clock.h"
#include "json/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::resources {

// The strings of the array `many`, or the one string of the member `one`.
std::vector<std::string> one_or_many(const json::Value& resource, std::string_view one, std::string_view many);
std::vector<std::string> strings(const json::Value& resource, std::string_view member);
std::vector<std::string> in_lower_case(std::vector<std::string> texts);

std::optional<bool> boolean_of(const json::Value& resource, std::string_view member);
json::Value value_of(const json::Value& resource, std::string_view member);  // null when absent

// Seconds that may have a fraction; what is above zero gives at least 1 ms, a year is the most.
Milliseconds milliseconds(double seconds);

}  // namespace sallyport::resources
