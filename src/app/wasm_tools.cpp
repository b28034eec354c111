#include "app/wasm_tools.h"

#include "app/wasm_new.h"
#include "app/wasm_run.h"
#include "app/wasm_run_options.h"
#include "plugins/wasm/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

namespace sallyport::app {
namespace {

constexpr std::string_view kUsage = R"(usage: sallyport wasm inspect [--engine NAME] FILE
       sallyport wasm run FILE [OPTION]...
       sallyport wasm new --lang LANG NAME

inspect   says of a module which ABI it has, what built it, what it imports and exports, and whether this gateway takes
          it; exit 0 when it does, else 1; --engine: what it is compiled for, as `wasm.engine` in the settings names it
run       takes one request through a plugin, without a gateway, and shows what the plugin does;
          `sallyport wasm run --help` has the options
new       writes a project for a plugin, with a test: in Rust, Go, C, C++ or AssemblyScript
)";

bool asks_for_help(std::string_view argument) { return argument == "-h" || argument == "--help"; }

int show_usage() {
  std::fwrite(kUsage.data(), 1, kUsage.size(), stdout);
  return 0;
}

// A mistake on the command line.
int refuse(const std::string& what) {
  std::fprintf(stderr, "sallyport: %s; `sallyport wasm --help` has the usage\n", what.c_str());
  return 2;
}

int inspect(std::span<const char* const> arguments) {
  if (std::ranges::any_of(arguments, asks_for_help)) return show_usage();
  auto wanted = parse_wasm_inspect(arguments);
  if (!wanted) return refuse(wanted.error().what);
  wasm::Inspection inspection = wasm::inspect(wanted->file, wanted->engine);
  std::fwrite(inspection.text.data(), 1, inspection.text.size(), stdout);
  return inspection.is_accepted ? 0 : 1;
}

}  // namespace

Result<WasmInspectOptions> parse_wasm_inspect(std::span<const char* const> arguments) {
  constexpr std::string_view kEngine = "--engine";
  WasmInspectOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == kEngine && i + 1 == arguments.size()) {
      return fail(ErrorCode::kInvalid, "--engine wants a value after it");
    } else if (argument == kEngine) {
      TRY(options.engine, engine_option(arguments[++i]));
    } else if (argument.starts_with("--engine=")) {
      TRY(options.engine, engine_option(argument.substr(kEngine.size() + 1)));
    } else if (argument.starts_with('-')) {
      return fail(ErrorCode::kInvalid, fmt::format("unknown option {}", argument));
    } else if (!options.file.empty()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("'{}': only one FILE can be given; it is {}", argument, options.file));
    } else {
      options.file = argument;
    }
  }
  if (options.file.empty()) return fail(ErrorCode::kInvalid, "wasm inspect wants the FILE of a module");
  return options;
}

int wasm_tools(std::span<const char* const> arguments) {
  const std::string_view tool = arguments.empty() ? "" : arguments[0];
  if (tool == "inspect") return inspect(arguments.subspan(1));
  if (tool == "new") return wasm_new(arguments.subspan(1));
  if (tool == "run") return wasm_run(arguments.subspan(1));
  if (tool == "help" || asks_for_help(tool)) return show_usage();
  return refuse(tool.empty() ? "wasm wants to be told what to do: inspect, run or new"
                             : fmt::format("wasm {}: there is no such tool; there are inspect, run and new", tool));
}

}  // namespace sallyport::app
