#pragma once
// What a plain scalar means (YAML 1.2, core schema, 10.3.2).

#include "json/value.h"

#include <optional>
#include <string_view>

namespace sallyport::yaml {

// Integers beyond 64 bits become doubles. Nothing when JSON has no such number: infinities and NaN.
std::optional<json::Value> typed_scalar(std::string_view text);

}  // namespace sallyport::yaml
