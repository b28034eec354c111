#pragma once
// A plugin's module: the file it came from, what it exports, its code. Immutable, shared by all threads.

#include "base/result.h"
#include "plugins/wasm/callback_sequences.h"
#include "plugins/wasm/engine.h"
#include "plugins/wasm/isolation.h"
#include "plugins/wasm/module_reader.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::wasm {

enum class AbiVersion : std::uint8_t { k010, k020, k021 };

// The bytes of a module in binary form and their identity.
struct ModuleFile {
  std::string path;
  std::string bytes;
  std::string hash;  // SHA-256, hexadecimal
};

struct Module {
  std::string path;
  std::string hash;
  AbiVersion abi = AbiVersion::k021;
  Isolation isolation = Isolation::kWorker;  // for which it is compiled
  ModuleOutline outline;
  SequencedCallbacks sequences;
  std::shared_ptr<const CompiledModule> code;
};

// Reads a file; text form (`.wat`) is turned into binary. Error: kInvalid with the path and the reason.
Result<ModuleFile> read_module_file(Engine& engine, const std::string& path);

// Checks that `outline` is one of a Proxy-Wasm plugin that this host can serve. Error: kInvalid with the reason.
Result<AbiVersion> check_plugin(const ModuleOutline& outline);

// Checks and compiles; takes seconds for large modules. Error: kInvalid with the path and the reason.
// `engine` is one for that isolation.
Result<std::shared_ptr<const Module>> compile_module(Engine& engine, const ModuleFile& file,
                                                     Isolation isolation = Isolation::kWorker);

}  // namespace sallyport::wasm
