#pragma once
// What `sallyport wasm inspect` says about a file: what kind of plugin it is, what it asks of a host, and whether this
// gateway takes it.

#include "plugins/wasm/engine_choice.h"

#include <string>

namespace sallyport::wasm {

struct Inspection {
  std::string text;  // lines
  bool is_accepted = false;
};

// Compiles the module for `engine` and starts it once; takes seconds for large ones.
Inspection inspect(const std::string& path, EngineKind engine = EngineKind::kWasmtime);

}  // namespace sallyport::wasm
