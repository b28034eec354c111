#pragma once
// Makes a module ready for instances that are put back into an earlier state: what a guest can change is its memory and
// its globals, and all of these are exported. Drops of segments are taken out, so that nothing else remembers them; a
// program sees no difference, unless it wants the trap of using a dropped one.

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::wasm {

// Global N of those that can change is exported as "sallyport_state_N", whatever else it is exported as.
inline constexpr std::string_view kStateGlobal = "sallyport_state_";
inline constexpr std::size_t kMostStateGlobals = 1000;

// `bytes` in binary form. Error: kInvalid with the reason why it cannot be put back: it writes to its tables, or uses
// something that is not known here.
Result<std::string> isolated_module(std::string_view bytes);

}  // namespace sallyport::wasm
