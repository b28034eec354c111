#pragma once
// The Engine on Wasmtime: Cranelift code, instances from a pool, CPU budgets by epochs.
// Owns the thread that advances the epoch, a few times in each budget; it starts with the first guest.

#include "plugins/wasm/engine.h"

#include <memory>

namespace sallyport::wasm {

// Error: kInternal when the machine cannot run it.
Result<std::shared_ptr<Engine>> make_wasmtime_engine();

}  // namespace sallyport::wasm
