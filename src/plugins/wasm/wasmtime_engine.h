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
// Quick code is machine code that is compiled in a fraction of the time, and takes up to several times as long to run.
enum class CodeForm : std::uint8_t { kMachine, kBytecode, kQuick };

// Which threads compile: those of the engine, as many as there are processors, or only the one that asks for it, with
// its priority.
enum class CompilingThreads : std::uint8_t { kMany, kOne };

// Error: kInternal when the machine cannot run it, kUnavailable when this build has no such code (quick code with
// sanitizers, or on a processor that its compiler does not know).
Result<std::shared_ptr<Engine>> make_wasmtime_engine(InstancePlaces places = InstancePlaces::kPool,
                                                     CodeForm form = CodeForm::kMachine,
                                                     CompilingThreads threads = CompilingThreads::kMany);

}  // namespace sallyport::wasm
