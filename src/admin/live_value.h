#pragma once
// What the store has about a plugin that was handed in: the version in force, as members of the value itself, and all
// that are kept, in its `versions`. Pure functions of JSON.
//   {"id", "version", "sha256", "size", "settings", what is known of the code ..., "versions": [{"version", ...}]}

#include "json/value.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace sallyport::admin {

// A version that is kept; null when there is none of that number.
const json::Value* find_version(const json::Value& value, std::uint64_t number);

// The settings of a plugin or of one version; an empty object where there are none.
json::Value settings_of(const json::Value& value);

// The version in force, as it stands in `versions`; an empty object where there is none.
json::Object present_version(const json::Value& value);

// `value` (null: none yet) with a further version, which comes into force. What is equal to the present one but for its
// number and time is no further version. `version`: its members, without number. Beyond `keep`, the oldest are
// forgotten.
json::Value with_version(const json::Value* value, std::string_view id, json::Object version, std::size_t keep);

// With a version in force that is kept. Where it has a source, that is not looked at again, so that the version is not
// replaced at once: the member `source_paused` says so.
json::Value with_present(json::Value value, std::uint64_t number);

// As it may be shown: without the secrets of sources, in the value of a plugin or of one version.
json::Value without_secrets(json::Value value);

// The hashes of all versions, added to `names`.
void add_hashes(const json::Value& value, std::set<std::string>& names);

}  // namespace sallyport::admin
