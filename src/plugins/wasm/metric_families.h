#pragma once
// The metrics of plugins as families of Prometheus. A family is `wasm_` and the plugin's name for it, in which what
// Prometheus does not allow is `_`; where that changed the name, the label `name` has it in full. Metrics of several
// plugins share a family unless their types differ.

#include "plugins/wasm/shared_state.h"

#include <string>
#include <string_view>

namespace sallyport::wasm {

// In the text format, version 0.0.4.
void append_metric_families(std::string& text, const SharedState& state);

// As it may stand between quotes: printable ASCII; other bytes are written as %xx.
std::string label_value(std::string_view text);

}  // namespace sallyport::wasm
