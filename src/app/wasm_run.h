#pragma once
// `sallyport wasm run`: one request through one plugin, with everything that it does.

#include <span>

namespace sallyport::app {

// `arguments` are those behind `wasm run`. The exit code: 0 when the plugin did not fail and what was expected holds,
// 1 when not, 2 for a mistake on the command line, which has been said.
int wasm_run(std::span<const char* const> arguments);

}  // namespace sallyport::app
