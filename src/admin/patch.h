#pragma once
// What PATCH does to a stored value. Pure functions.

#include "base/result.h"
#include "json/value.h"

#include <span>
#include <string>

namespace sallyport::admin {

// Objects merge member by member, null removes a member, everything else replaces (RFC 7396).
void merge(json::Value& target, const json::Value& patch);

// Puts `value` where `path` (member names from the root) leads to, making objects on the way; null removes.
// Error: kInvalid, `invalid sub-path: /a/b`, when something on the way is no object.
Status set_at(json::Value& target, std::span<const std::string> path, const json::Value& value);

}  // namespace sallyport::admin
