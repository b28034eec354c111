#pragma once
// What a module tells about itself to people. Pure functions.

#include "plugins/wasm/module.h"

#include <string>
#include <string_view>

namespace sallyport::wasm {

std::string_view name_of(AbiVersion version);  // "0.2.1"

// The language and compiler that it was most likely built with, "Rust (rustc 1.96.0)"; empty where nothing tells.
std::string built_with(const ModuleOutline& outline);

}  // namespace sallyport::wasm
