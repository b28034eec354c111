#pragma once
// What the boot file says about Wasm plugins, every default filled in. Plain values. How each setting is written and
// checked stands in plugin_settings.cpp.

#include "plugins/wasm/isolation.h"
#include "plugins/wasm/state_limits.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::wasm {

enum class RequestPhase : std::uint8_t { kAccess, kRewrite };
enum class OnFailure : std::uint8_t { kRefuse, kPass };  // `fail: closed` and `fail: open`

// What a pause in a callback of headers stops: everything, as Envoy has it, or the head alone, while the body comes to
// the plugin (`allow_on_headers_stop_iteration`).
enum class PauseInHeaders : std::uint8_t { kHoldsBody, kShowsBody };

struct HttpCallLimits {
  std::size_t max_calls = 1000;            // of one VM at the same time
  std::size_t max_answer_bytes = 1 << 20;  // of the body of an answer
  friend bool operator==(const HttpCallLimits&, const HttpCallLimits&) = default;
};

struct PluginLimits {
  std::uint64_t memory_bytes = 128u << 20;          // of one instance; at most 4 GiB
  std::chrono::milliseconds cpu_budget{50};         // of one callback on a worker
  std::chrono::milliseconds start_budget{10'000};   // of each step of starting and configuring off the workers
  std::chrono::milliseconds longest_pause{60'000};  // of an exchange that a plugin holds
  std::size_t held_body_bytes = 1 << 20;            // of one body that a plugin holds, or wants as a whole
  std::uint32_t max_instances = 256;                // exchanges of a worker at once, where each has a VM of its own
  HttpCallLimits http_calls;
  friend bool operator==(const PluginLimits&, const PluginLimits&) = default;
};

// How a plugin takes part in exchanges, whatever its conf.
struct PluginPolicy {
  RequestPhase request_phase = RequestPhase::kAccess;
  OnFailure on_failure = OnFailure::kRefuse;
  PauseInHeaders pause_in_headers = PauseInHeaders::kHoldsBody;
  Isolation isolation = Isolation::kWorker;
  bool is_fair = false;  // long callbacks are cut into time slices
  PluginLimits limits;
  // For which its module is compiled: exchanges that share no VM have copies of a configured one.
  Isolation module_isolation() const noexcept { return is_fair ? Isolation::kRequest : isolation; }
  friend bool operator==(const PluginPolicy&, const PluginPolicy&) = default;
};

// When a VM that failed is made anew: see RestartPacer.
enum class Restart : std::uint8_t { kAtOnce, kAfterInterval };

// What a VM may do, beyond its limits of memory and time.
struct VmSettings {
  std::string vm_id;                                     // names its shared data and queues; empty: the plugin's name
  std::optional<std::vector<std::string>> capabilities;  // host functions that it may call; absent: all
  Restart restart = Restart::kAtOnce;
  std::vector<std::pair<std::string, std::string>> env;  // variables as WASI tells them: nothing else is there
  std::uint64_t log_limit = 1000;                        // lines a second; the rest is counted
  std::uint64_t metric_limit = 1'000'000;                // changes of metrics a second; the rest is counted
  friend bool operator==(const VmSettings&, const VmSettings&) = default;
};

// Everything that can be set about one plugin beside its file and its conf.
struct PluginSettings {
  PluginPolicy policy;
  std::vector<std::string> call_hosts;  // "host:port" to which its HTTP calls may go beside upstreams
  VmSettings vm;
  std::optional<std::uint64_t> max_metrics;  // instead of that for all
  friend bool operator==(const PluginSettings&, const PluginSettings&) = default;
};

// One entry of `wasm.plugins`.
struct DeclaredPlugin {
  std::string name;
  std::string root_id;
  int priority = 0;
  std::string file;
  // Of a plugin that is fetched: the hash that `file` must have; both are empty while it has not been fetched.
  bool is_fetched = false;
  std::string sha256;
  std::string vm_config;  // text, or JSON of what was written
  PluginSettings settings;
  std::string where;  // it stands, for messages: "config.yaml:12:5", or empty
};

struct WasmSettings {
  bool inline_enabled = false;            // `plugins: {wasm: {conf: ...}}` is understood
  std::string prefix;                     // where relative paths start
  std::vector<std::string> allowed_dirs;  // where inline paths may point
  std::vector<DeclaredPlugin> plugins;
  PluginSettings defaults;  // of plugins that say nothing else, and the most that a plugin named by a route may have
  SharedStateLimits state_limits;
};

}  // namespace sallyport::wasm
