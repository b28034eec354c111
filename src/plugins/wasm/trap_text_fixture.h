#pragma once
// What a trap is told as on the engine that is tested; no part of the product.

#include "plugins/wasm/engine_fixture.h"

#include <string>
#include <string_view>

namespace sallyport::wasm {

// Behind the reason of a trap: where it happened, which WasmEdge does not tell.
inline std::string in_function(std::string_view name) { return is_wasmedge() ? "" : " in " + std::string(name); }

// What ends a recursion without end: WasmEdge has no limit of the stack.
inline std::string_view end_of_recursion() { return is_wasmedge() ? "CPU budget of " : "call stack exhausted"; }

}  // namespace sallyport::wasm
