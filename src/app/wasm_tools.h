#pragma once
// `sallyport wasm ...`: tools for authors of WebAssembly plugins, which need no gateway and no settings.

#include "base/result.h"
#include "plugins/wasm/engine_choice.h"

#include <span>
#include <string>

namespace sallyport::app {

// What `sallyport wasm inspect` was asked for.
struct WasmInspectOptions {
  std::string file;
  wasm::EngineKind engine = wasm::EngineKind::kWasmtime;
};

// `arguments` are those behind `wasm inspect`, in any order. Error: kInvalid, which says what is wrong.
Result<WasmInspectOptions> parse_wasm_inspect(std::span<const char* const> arguments);

// `arguments` are those behind `wasm`. The exit code: 1 when what was asked for did not succeed, 2 for a mistake on the
// command line, which has been said.
int wasm_tools(std::span<const char* const> arguments);

}  // namespace sallyport::app
