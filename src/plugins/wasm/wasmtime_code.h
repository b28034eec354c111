#pragma once
// Machine code of Wasmtime as bytes and back. Any thread.

#include "base/result.h"
#include "plugins/wasm/wasmtime_instance.h"

#include <string>
#include <string_view>

namespace sallyport::wasm {

// A plugin's module, and the one that calls its sequences; null where it has none.
struct SavedCode {
  WasmtimePtr<wasmtime_module_t> module;
  WasmtimePtr<wasmtime_module_t> sequences;
};

Result<std::string> save_code(const wasmtime_module_t& module, const wasmtime_module_t* sequences);

// `saved` must come from save_code: Wasmtime runs what it is given. Error: kInvalid when it does not fit this engine.
Result<SavedCode> load_code(wasm_engine_t& engine, std::string_view saved);

// A module in the text format as bytes. Error: kInvalid with line and column.
Result<std::string> assemble_text(std::string_view text);

// Version of the engine and kind of processor.
std::string wasmtime_fingerprint();

}  // namespace sallyport::wasm
