#pragma once
// A module as an engine may run it that cannot limit tables itself. Pure functions.

#include "base/result.h"
#include "plugins/wasm/engine.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::wasm {

struct BoundedModule {
  std::string bytes;
  std::uint64_t memory_bytes = 0;  // that it has from the start
};

// The module with tables that cannot grow beyond the default of `InstanceLimits`, and without the custom section
// `without`. Error: kInvalid when it has more than one table, a larger one, or is broken.
Result<BoundedModule> bounded_module(std::string_view bytes, std::string_view without);

}  // namespace sallyport::wasm
