#pragma once
// The Engine on WasmEdge's interpreter, for builds that had its headers; its library is found when the program runs.
// Owns the thread that watches the CPU budgets, which starts with the first guest.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/isolation.h"

#include <memory>

namespace sallyport::wasm {

// One that refuses every module for `isolation: request`, as the interface cannot put an instance back into an earlier
// state. Error: kUnavailable, with what to install or to build with.
Result<std::shared_ptr<Engine>> make_wasmedge_engine(Isolation isolation);

}  // namespace sallyport::wasm
