#pragma once
// One Wasm plugin with everything a worker of the gateway serves with, and nothing else: a route on 127.0.0.1 with that
// plugin, an upstream behind it, and a loop on the calling thread.

#include "app/trace_record.h"
#include "app/wasm_run_options.h"
#include "app/whole_message.h"
#include "base/result.h"

#include <memory>
#include <optional>

namespace sallyport::app {

// What came of it.
struct TrialOutcome {
  std::string refusal;                   // why the plugin was not taken; then there was no request
  std::optional<WholeMessage> upstream;  // the last request that came to the upstream
  std::optional<WholeMessage> response;  // what the client got last; none: it was closed without
  std::string no_response;               // why there is none
  std::uint64_t unanswered_calls = 0;    // HTTP calls that were under way at the end
};

class PluginTrial final {
 public:
  // Error: kInternal or kUnavailable, when this machine cannot run it.
  static Result<std::unique_ptr<PluginTrial>> open(const WasmRunOptions& options, std::shared_ptr<TraceRecord> trace);
  PluginTrial(const PluginTrial&) = delete;
  PluginTrial& operator=(const PluginTrial&) = delete;
  ~PluginTrial();

  // Configures the plugin, ticks, sends the requests and takes the plugin down; once.
  TrialOutcome run();

 private:
  struct Parts;
  explicit PluginTrial(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sallyport::app
