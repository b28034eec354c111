#pragma once
// The Engine on Wasmtime: Cranelift code, instances from a pool, CPU budgets by epochs.
// Owns the thread that advances the epoch, a few times in each budget; it starts with the first guest.

#include "plugins/wasm/engine.h"

#include <cstdint>
#include <memory>

namespace sallyport::wasm {

// Where instances live: in slots of a pool, or singly, so that they can be put back into an earlier state.
enum class InstancePlaces : std::uint8_t { kPool, kRestorable };

// Error: kInternal when the machine cannot run it.
Result<std::shared_ptr<Engine>> make_wasmtime_engine(InstancePlaces places = InstancePlaces::kPool);

}  // namespace sallyport::wasm
