#pragma once
// Host calls and callbacks as a person reads them: which of their numbers are texts, maps, kinds and results.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/guest_memory.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::wasm {

// In quotes, with what is not printable as \n or \xHH; what is beyond `kLongestQuote` bytes is left out and counted.
inline constexpr std::size_t kLongestQuote = 1000;
std::string quote(std::string_view bytes);

// Of a call of `import` that is about to be made with `slots`.
std::string arguments_text(const Import& import, std::span<const Slot> slots, GuestMemory& memory);
// What a call that was made with `slots` and has succeeded left in the memory of the guest.
std::string given_text(const Import& import, std::span<const Slot> slots, GuestMemory& memory);
// "0 ok"; empty where the function has no result. `succeeded` is set false by any other result.
std::string result_text(const Import& import, const Slot& result, bool& succeeded);

// What a call of a function that writes to the log or to standard output says; nothing for other functions.
struct SaidText {
  std::string_view level;
  std::string text;
};
std::optional<SaidText> said_text(const Import& import, std::span<const Slot> slots, GuestMemory& memory);

// Of a call into the guest, by the name of the function: "context=2, headers=4, end_of_stream=1".
std::string callback_arguments_text(std::string_view name, std::span<const Slot> slots);
// "1 pause", "1 true"; empty where it has no result.
std::string callback_result_text(std::string_view name, const Slot& result);

}  // namespace sallyport::wasm
