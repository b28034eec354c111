#pragma once
// `${{NAME}}` and `${{NAME:=otherwise}}` in the text of configuration files, replaced before the text is read as YAML.

#include "base/result.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

// The value of an environment variable, or nothing. A parameter, so that tests have an environment of their own.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

std::optional<std::string> process_environment(const std::string& name);

// Names are of letters, digits and `_`; spaces around the name and the default are dropped, and a default may be empty.
// An empty variable counts as set. What only looks like a reference stays as it is, and so does a reference to a
// missing variable in a line that is a comment. `name` names the text in messages.
// Error: kInvalid, "NAME:line:column: environment variable X is not set; ...".
Result<std::string> substitute_environment(std::string_view text, const std::string& name,
                                           const EnvironmentLookup& lookup = process_environment);

}  // namespace sallyport
