#pragma once
// Prometheus' text format (version 0.0.4) of what plugins keep in the gateway. Runs on any thread while plugins run.

#include "plugins/wasm/shared_state.h"

#include <string>

namespace sallyport::wasm {

std::string expose(const SharedState& state);

}  // namespace sallyport::wasm
