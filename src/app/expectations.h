#pragma once
// What `--expect` of `sallyport wasm run` means. Pure functions.

#include "app/plugin_trial.h"
#include "app/trace_record.h"
#include "app/wasm_run_options.h"

#include <optional>
#include <string>

namespace sallyport::app {

// Nothing when it holds; else what there was instead.
std::optional<std::string> why_not_met(const Expectation& expected, const TrialOutcome& outcome,
                                       const TraceRecord& trace);

}  // namespace sallyport::app
