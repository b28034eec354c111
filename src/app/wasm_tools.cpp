#include "app/wasm_tools.h"

#include "app/wasm_new.h"
#include "app/wasm_run.h"
#include "plugins/wasm/inspection.h"

#include <cstdio>
#include <string_view>

namespace sallyport::app {
namespace {

constexpr std::string_view kUsage = R"(usage: sallyport wasm inspect FILE
       sallyport wasm run FILE [OPTION]...
       sallyport wasm new --lang LANG NAME

inspect   says of a module which ABI it has, what built it, what it imports and exports, and whether this gateway takes
          it; exit 0 when it does, else 1
run       takes one request through a plugin, without a gateway, and shows what the plugin does;
          `sallyport wasm run --help` has the options
new       writes a project for a plugin, with a test: in Rust, Go, C, C++ or AssemblyScript
)";

int inspect(const char* file) {
  wasm::Inspection inspection = wasm::inspect(file);
  std::fwrite(inspection.text.data(), 1, inspection.text.size(), stdout);
  return inspection.is_accepted ? 0 : 1;
}

}  // namespace

int wasm_tools(std::span<const char* const> arguments) {
  const std::string_view tool = arguments.empty() ? "" : arguments[0];
  if (tool == "inspect" && arguments.size() == 2) return inspect(arguments[1]);
  if (tool == "new") return wasm_new(arguments.subspan(1));
  if (tool == "run") return wasm_run(arguments.subspan(1));
  bool is_asked_for = tool == "-h" || tool == "--help" || tool == "help";
  std::fwrite(kUsage.data(), 1, kUsage.size(), is_asked_for ? stdout : stderr);
  return is_asked_for ? 0 : 2;
}

}  // namespace sallyport::app
