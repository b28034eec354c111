#pragma once
// Which engine runs the modules of a process, as `wasm.engine` names it. Pure values; engines are made on any thread.

#include "base/result.h"
#include "plugins/wasm/isolation.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::wasm {

class Engine;

enum class EngineKind : std::uint8_t {
  kWasmtime,  // machine code
  kPulley,    // bytecode that is interpreted: for hosts that forbid memory which is written and then executed
  kWasmEdge,  // another maker's interpreter, where it is installed
};

// Whether modules serve with code that is compiled quickly, until the optimised one is there.
enum class FirstTier : std::uint8_t { kAuto, kOff };

std::string_view name_of(EngineKind kind);
// Nothing when there is none of that name.
std::optional<EngineKind> engine_named(std::string_view name);
std::string engine_names();  // "wasmtime, pulley, wasmedge"

// Whether what it compiles can be kept.
bool keeps_code(EngineKind kind);

// One for modules with this isolation. Error: kInternal when the machine cannot run it, kUnavailable when it is not
// installed, with what to do about it.
Result<std::shared_ptr<Engine>> make_engine(EngineKind kind, Isolation isolation = Isolation::kWorker);

}  // namespace sallyport::wasm
