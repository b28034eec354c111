#pragma once
// What `sallyport wasm run` was asked for. Plain values.

#include "base/result.h"
#include "http/call.h"
#include "http/message.h"
#include "plugins/wasm/engine_choice.h"
#include "plugins/wasm/wasm_settings.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::app {

// What HTTP calls of the plugin to one upstream come to.
struct CalledUpstream {
  std::string name;
  std::string node;  // "host:port" that is asked for real; empty: `answer`
  http::Response answer;
};

// What gRPC calls and streams of the plugin to one upstream come to.
struct CalledService {
  std::string name;
  std::string node;                   // "host:port" that is asked for real; empty: what follows
  std::vector<std::string> messages;  // a call gets the first
  int status = 0;
  std::string message;  // of the status
};

// Something that must hold at the end.
struct Expectation {
  std::string what;   // "status", "header" ...
  std::string value;  // as it was written
};

struct WasmRunOptions {
  wasm::EngineKind engine = wasm::EngineKind::kWasmtime;
  wasm::DeclaredPlugin plugin;  // its file, name, root_id, vm_config and settings
  std::string conf = "{}";
  http::CallRequest request{.method = "GET", .target = "/", .authority = "localhost"};
  std::vector<std::string> body_pieces;  // a chunked body, instead of that of the request
  http::Response response{.status = 200, .headers = {}, .body = "hello from the upstream\n"};
  std::vector<CalledUpstream> called;
  std::vector<CalledService> services;
  std::vector<Expectation> expectations;
  std::uint64_t ticks = 0;
  std::uint64_t repeat = 1;
  bool json = false;
  bool quiet = false;
};

// `arguments` are those behind `wasm run`. Error: kInvalid for a mistake on the command line, kNotFound for a file that
// cannot be read; each says what to do.
Result<WasmRunOptions> parse_wasm_run(std::span<const char* const> arguments);

// The engine that `--engine` names. Error: kInvalid with those that there are.
Result<wasm::EngineKind> engine_option(std::string_view name);

// The lines of `sallyport wasm run --help`.
std::string_view wasm_run_usage() noexcept;

}  // namespace sallyport::app
