#pragma once
// The Engine on Wasmtime: machine code by Cranelift or bytecode for its interpreter Pulley, instances from a pool, CPU
// budgets by epochs.
// Owns the thread that advances the epoch, a few times in each budget; it starts with the first guest.

#include "plugins/wasm/engine.h"

#include <cstdint>
#include <memory>

namespace sallyport::wasm {

// Where instances live: in slots of a pool, or singly, so that they can be put back into an earlier state.
enum class InstancePlaces : std::uint8_t { kPool, kRestorable };

// What modules are compiled to. Bytecode needs no memory that can be written and executed, and is several times slower.
enum class CodeForm : std::uint8_t { kMachine, kBytecode };

// Error: kInternal when the machine cannot run it.
Result<std::shared_ptr<Engine>> make_wasmtime_engine(InstancePlaces places = InstancePlaces::kPool,
                                                     CodeForm form = CodeForm::kMachine);

}  // namespace sallyport::wasm
