#pragma once
// The engine that unit tests run on; no part of the product.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/engine_choice.h"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace sallyport::wasm {

// Wasmtime, or what SALLYPORT_WASM_ENGINE names.
inline EngineKind tested_engine() {
  const char* named = std::getenv("SALLYPORT_WASM_ENGINE");
  const std::string wanted = named ? named : "wasmtime";
  auto kind = engine_named(wanted);
  if (!kind) throw std::runtime_error("SALLYPORT_WASM_ENGINE is " + wanted + ", of " + engine_names());
  return *kind;
}

inline std::shared_ptr<Engine> make_tested_engine(Isolation isolation = Isolation::kWorker) {
  return *make_engine(tested_engine(), isolation);
}

// What WasmEdge's interface does not offer (docs/wasm.md): tests of it skip with the reason.
inline bool is_wasmedge() { return tested_engine() == EngineKind::kWasmEdge; }
inline constexpr const char* kNoSandboxes = "WasmEdge has no isolation: request and no fair: true";
inline constexpr const char* kNoSavedCode = "WasmEdge's interpreter makes no code that could be kept";

}  // namespace sallyport::wasm
