#include "app/wasm_tools.h"

#include "app/wasm_new.h"
#include "app/wasm_run.h"
#include "plugins/wasm/inspection.h"

#include <cstdio>
#include <optional>
#include <string_view>

namespace sallyport::app {
namespace {

constexpr std::string_view kUsage = R"(usage: sallyport wasm inspect FILE [--engine NAME]
       sallyport wasm run FILE [OPTION]...
       sallyport wasm new --lang LANG NAME

inspect   says of a module which ABI it has, what built it, what it imports and exports, and whether this gateway takes
          it; exit 0 when it does, else 1; --engine: what it is compiled for, as `wasm.engine` in the settings names it
run       takes one request through a plugin, without a gateway, and shows what the plugin does;
          `sallyport wasm run --help` has the options
new       writes a project for a plugin, with a test: in Rust, Go, C, C++ or AssemblyScript
)";

// FILE [--engine NAME]; nothing when it is something else.
std::optional<int> inspect(std::span<const char* const> arguments) {
  std::optional<wasm::EngineKind> engine = wasm::EngineKind::kWasmtime;
  if (arguments.size() == 3 && arguments[1] == std::string_view("--engine")) {
    engine = wasm::engine_named(arguments[2]);
    arguments = arguments.first(1);
  }
  if (arguments.size() != 1 || !engine) return std::nullopt;
  wasm::Inspection inspection = wasm::inspect(arguments[0], *engine);
  std::fwrite(inspection.text.data(), 1, inspection.text.size(), stdout);
  return inspection.is_accepted ? 0 : 1;
}

}  // namespace

int wasm_tools(std::span<const char* const> arguments) {
  const std::string_view tool = arguments.empty() ? "" : arguments[0];
  if (tool == "inspect") {
    if (auto code = inspect(arguments.subspan(1))) return *code;
  }
  if (tool == "new") return wasm_new(arguments.subspan(1));
  if (tool == "run") return wasm_run(arguments.subspan(1));
  bool is_asked_for = tool == "-h" || tool == "--help" || tool == "help";
  std::fwrite(kUsage.data(), 1, kUsage.size(), is_asked_for ? stdout : stderr);
  return is_asked_for ? 0 : 2;
}

}  // namespace sallyport::app
