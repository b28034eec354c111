#pragma once
// Built-in properties: what the gateway knows of an exchange, in the names and encodings of Envoy's attributes. Texts
// are plain, numbers, times (since 1970) and durations (nanoseconds) 8 bytes little-endian, truth values one byte, maps
// as pairs.

#include "plugins/wasm/context.h"
#include "plugins/wasm/vm.h"

#include <optional>
#include <string_view>

namespace sallyport::wasm::abi {

// `path` has its segments divided by NUL. Nothing: unknown, or it has no value now. The bytes live as long as the
// exchange.
std::optional<std::string_view> built_in_property(const Vm& vm, Scope scope, std::string_view path);

}  // namespace sallyport::wasm::abi
