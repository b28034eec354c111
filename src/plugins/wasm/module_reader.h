#pragma once
// What the host must know of a WebAssembly module before it is compiled: its Proxy-Wasm version, imports and exports,
// read from the binary form (WebAssembly core specification, chapter 5). The engine validates the rest.

#include "base/result.h"
#include "plugins/wasm/engine.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

enum class ExternKind : std::uint8_t { kFunction = 0, kTable = 1, kMemory = 2, kGlobal = 3, kTag = 4 };

struct ModuleImport {
  std::string module;
  std::string name;
  ExternKind kind = ExternKind::kFunction;
  Signature signature;  // of a function
};

struct ModuleExport {
  std::string name;
  ExternKind kind = ExternKind::kFunction;
  std::uint32_t index = 0;
  Signature signature;  // of a function
};

// A language or tool that took part in building the module, as the custom section "producers" has it.
struct Producer {
  std::string name;
  std::string version;
};

struct ModuleOutline {
  std::vector<ModuleImport> imports;
  std::vector<ModuleExport> exports;
  std::vector<Producer> producers;

  const ModuleExport* find_export(std::string_view name) const noexcept;
  const ModuleExport* find_function(std::string_view name) const noexcept;
  // The name under which a function is exported, or nothing.
  std::string_view export_name(std::uint32_t function) const noexcept;
  bool imports_function(std::string_view name) const noexcept;
};

// Error: kInvalid: no WebAssembly at all, a component, or broken at some offset.
Result<ModuleOutline> read_module(std::string_view bytes);

}  // namespace sallyport::wasm
