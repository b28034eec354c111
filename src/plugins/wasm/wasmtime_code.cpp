#include "plugins/wasm/wasmtime_code.h"

#include <cstdint>
#include <cstring>
#include <fstream>

namespace sallyport::wasm {
namespace {

Status append_code(std::string& out, const wasmtime_module_t* module) {
  std::uint64_t size = 0;
  wasm_byte_vec_t bytes{};
  if (module) {
    // The module is only read; the interface does not say so.
    WasmtimePtr<wasmtime_error_t> error(wasmtime_module_serialize(const_cast<wasmtime_module_t*>(module), &bytes));
    if (error) return fail(ErrorCode::kInternal, text_of(*error));
    size = bytes.size;
  }
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out.append(bytes.data, size);
  if (module) wasm_byte_vec_delete(&bytes);
  return {};
}

Result<WasmtimePtr<wasmtime_module_t>> take_code(wasm_engine_t& engine, std::string_view& saved) {
  std::uint64_t size = 0;
  if (saved.size() < sizeof size) return fail(ErrorCode::kInvalid, "it is cut off");
  std::memcpy(&size, saved.data(), sizeof size);
  saved.remove_prefix(sizeof size);
  if (size > saved.size()) return fail(ErrorCode::kInvalid, "it is cut off");
  std::string_view code = saved.substr(0, size);
  saved.remove_prefix(size);
  if (code.empty()) return WasmtimePtr<wasmtime_module_t>();
  wasmtime_module_t* module = nullptr;
  WasmtimePtr<wasmtime_error_t> error(
      wasmtime_module_deserialize(&engine, reinterpret_cast<const std::uint8_t*>(code.data()), code.size(), &module));
  if (error) return fail(ErrorCode::kInvalid, text_of(*error));
  return WasmtimePtr<wasmtime_module_t>(module);
}

}  // namespace

Result<std::string> save_code(const wasmtime_module_t& module, const wasmtime_module_t* sequences) {
  std::string saved;
  TRY_STATUS(append_code(saved, &module));
  TRY_STATUS(append_code(saved, sequences));
  return saved;
}

Result<SavedCode> load_code(wasm_engine_t& engine, std::string_view saved) {
  SavedCode code;
  TRY(code.module, take_code(engine, saved));
  TRY(code.sequences, take_code(engine, saved));
  if (!code.module) return fail(ErrorCode::kInvalid, "it is empty");
  return code;
}

Result<std::string> assemble_text(std::string_view text) {
  wasm_byte_vec_t bytes;
  WasmtimePtr<wasmtime_error_t> error(wasmtime_wat2wasm(text.data(), text.size(), &bytes));
  if (error) return fail(ErrorCode::kInvalid, text_of(*error));
  std::string binary(bytes.data, bytes.size);
  wasm_byte_vec_delete(&bytes);
  return binary;
}

std::string wasmtime_fingerprint() {
  std::string text = "wasmtime " WASMTIME_VERSION;
  std::ifstream cpu("/proc/cpuinfo");
  // Of the first processor: what it is called and what it can do, on x86 and on ARM.
  for (std::string line; std::getline(cpu, line) && !line.empty();) {
    for (std::string_view key : {"model name", "flags", "Features", "CPU part"}) {
      if (line.starts_with(key)) text += "\n" + line;
    }
  }
  return text;
}

}  // namespace sallyport::wasm
