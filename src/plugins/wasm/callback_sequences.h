#pragma once
// Which callbacks follow each other with nothing for the host to do between them, so that one entry into the guest does
// for all of them.

#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/module_reader.h"
#include "plugins/wasm/sequence_code.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace sallyport::wasm {

enum class CallbackSequence : std::uint8_t {
  kBegin,  // of an exchange: its creation and the headers of the request; slots: context, root, number, end of stream
  kEnd,    // done, log, delete; slot: context
};
inline constexpr std::size_t kCallbackSequences = 2;

// Of each sequence the callbacks that a module exports, in their order; none where one call does.
using SequencedCallbacks = std::array<std::vector<Callback>, kCallbackSequences>;
SequencedCallbacks sequenced_callbacks(const ModuleOutline& outline);

// As the engine takes them.
std::vector<Sequence> sequences_of(const SequencedCallbacks& callbacks, const ModuleOutline& outline);

}  // namespace sallyport::wasm
