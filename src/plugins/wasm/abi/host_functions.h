#pragma once
// Every function that a plugin's module may import, in no particular order. Built once, immutable.

#include "plugins/wasm/engine.h"

#include <span>
#include <string_view>

namespace sallyport::wasm::abi {

std::span<const Import> host_functions();

// Null when there is none.
const Import* find_host_function(std::string_view module, std::string_view name);

}  // namespace sallyport::wasm::abi
