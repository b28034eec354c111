#pragma once
// `sallyport wasm ...`: tools for authors of WebAssembly plugins, which need no gateway and no settings.

#include <span>

namespace sallyport::app {

// `arguments` are those behind `wasm`. The exit code: 1 when what was asked for did not succeed, 2 for a mistake on the
// command line, which has been said.
int wasm_tools(std::span<const char* const> arguments);

}  // namespace sallyport::app
