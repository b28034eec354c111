#include "plugins/wasm/callback_sequences.h"

#include <initializer_list>

namespace sallyport::wasm {
namespace {

std::vector<Callback> exported_of(std::initializer_list<Callback> callbacks, const ModuleOutline& outline) {
  std::vector<Callback> exported;
  for (Callback callback : callbacks) {
    if (outline.find_function(shape_of(callback).name)) exported.push_back(callback);
  }
  if (exported.size() < 2) exported.clear();
  return exported;
}

// The headers of the request are told the context, their number and, from 0.2.0 on, whether the stream ends.
std::vector<std::uint8_t> arguments_of(Callback callback, std::size_t params) {
  std::vector<std::uint8_t> arguments =
      callback == Callback::kRequestHeaders ? std::vector<std::uint8_t>{0, 2, 3} : std::vector<std::uint8_t>{0, 1};
  arguments.resize(params);
  return arguments;
}

}  // namespace

SequencedCallbacks sequenced_callbacks(const ModuleOutline& outline) {
  return {exported_of({Callback::kContextCreate, Callback::kRequestHeaders}, outline),
          exported_of({Callback::kDone, Callback::kLog, Callback::kDelete}, outline)};
}

std::vector<Sequence> sequences_of(const SequencedCallbacks& callbacks, const ModuleOutline& outline) {
  static constexpr std::array<std::size_t, kCallbackSequences> kSlots{4, 1};
  std::vector<Sequence> sequences;
  for (std::size_t i = 0; i < kCallbackSequences; ++i) {
    Sequence& sequence = sequences.emplace_back(Sequence{kSlots[i], {}});
    for (Callback callback : callbacks[i]) {
      const CallbackShape& shape = shape_of(callback);
      std::size_t params = outline.find_function(shape.name)->signature.params.size();
      sequence.steps.push_back({shape.name, arguments_of(callback, params), shape.has_result});
    }
  }
  return sequences;
}

}  // namespace sallyport::wasm
