#include "app/wasm_run.h"

#include "app/expectations.h"
#include "app/log_into_trace.h"
#include "app/plugin_trial.h"
#include "app/trace_text.h"
#include "app/wasm_run_options.h"
#include "json/parse.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::app {
namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// What is wrong, worst first; empty: nothing.
std::vector<std::string> failures_of(const WasmRunOptions& options, const TrialOutcome& outcome,
                                     const TraceRecord& trace) {
  if (!outcome.refusal.empty()) return {"refused: " + outcome.refusal};
  std::vector<std::string> failures;
  if (!trace.errors().empty())
    failures.push_back("failed: " + trace.errors().front());
  else if (trace.has_trapped())
    failures.emplace_back("failed: a callback trapped; the trace says which");
  for (const Expectation& expected : options.expectations) {
    if (auto unmet = why_not_met(expected, outcome, trace)) failures.push_back(std::move(*unmet));
  }
  return failures;
}

std::string summary(const TrialOutcome& outcome) {
  if (!outcome.refusal.empty()) return "";
  std::string text =
      outcome.upstream ? "the upstream gets\n" + text_of(*outcome.upstream) : "the upstream gets nothing\n";
  text += outcome.response ? "the client gets\n" + text_of(*outcome.response)
                           : "the client gets no response: " + outcome.no_response + "\n";
  if (outcome.unanswered_calls > 0) {
    text += fmt::format("at the end {} HTTP calls were under way\n", outcome.unanswered_calls);
  }
  return text;
}

json::Value as_json(const TrialOutcome& outcome, const TraceRecord& trace, const std::vector<std::string>& failures) {
  json::Array events, wrong;
  for (const TraceEvent& event : trace.events()) events.push_back(json_of(event));
  for (const std::string& failure : failures) wrong.emplace_back(failure);
  json::Object object{{"ok", failures.empty()}, {"failures", std::move(wrong)}};
  object.append("upstream_request", outcome.upstream ? json_of(*outcome.upstream) : json::Value());
  object.append("response", outcome.response ? json_of(*outcome.response) : json::Value());
  object.append("trace", std::move(events));
  return object;
}

int run(const WasmRunOptions& options) {
  TraceText text;
  const bool shows_trace = !options.json && !options.quiet;
  auto trace = std::make_shared<TraceRecord>([&](const TraceEvent& event) {
    if (shows_trace) print(text.add(event));
  });
  LogIntoTrace log_into_trace(*trace);
  TrialOutcome outcome;
  if (auto trial = PluginTrial::open(options, trace))
    outcome = (*trial)->run();
  else
    outcome.refusal = trial.error().what;
  const auto failures = failures_of(options, outcome, *trace);
  if (options.json) print(json::print(as_json(outcome, *trace, failures)) + "\n");
  if (shows_trace) print(summary(outcome));
  for (const std::string& failure : failures) std::fprintf(stderr, "sallyport: %s\n", failure.c_str());
  return failures.empty() ? 0 : 1;
}

}  // namespace

int wasm_run(std::span<const char* const> arguments) {
  for (std::string_view argument : arguments) {
    if (argument == "-h" || argument == "--help") return print(wasm_run_usage()), 0;
  }
  auto options = parse_wasm_run(arguments);
  if (!options) {
    std::fprintf(stderr, "sallyport: %s\n", options.error().what.c_str());
    return 2;
  }
  return run(*options);
}

}  // namespace sallyport::app
