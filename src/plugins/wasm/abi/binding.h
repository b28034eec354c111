#pragma once
// Turns a C++ function into an import: its WebAssembly type comes from the C++ parameters, arguments are read from
// slots. A host function takes the Vm and any of std::uint32_t, std::uint64_t, std::int64_t, double and GuestRange
// (address and size) and returns a Status, a WASI error number, a double, or nothing.

#include "plugins/wasm/abi/codes.h"
#include "plugins/wasm/capabilities.h"
#include "plugins/wasm/engine.h"
#include "plugins/wasm/guest_memory.h"
#include "plugins/wasm/vm.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sallyport::wasm::abi {

enum class Errno : std::uint32_t {  // of WASI preview 1
  kSuccess = 0,
  kBadDescriptor = 8,
  kFault = 21,
  kInvalid = 28,
  kNoEntry = 44,
  kNoSystemCall = 52,
  kNotDirectory = 54,
  kNotSupported = 58,
};

// For host functions without a result.
enum class Nothing { kDone, kTrap };

template <class T>
struct Value {  // one slot
  static constexpr std::size_t kSlots = 1;
  static constexpr ValueType kType = std::is_same_v<T, double> ? ValueType::kF64
                                     : sizeof(T) == 8          ? ValueType::kI64
                                                               : ValueType::kI32;
  static void describe(Signature& signature) { signature.params.push_back(kType); }
  static T read(const Slot* slots) {
    if constexpr (std::is_same_v<T, double>)
      return std::bit_cast<double>(slots->bits);
    else
      return static_cast<T>(slots->bits);
  }
};

template <>
struct Value<GuestRange> {
  static constexpr std::size_t kSlots = 2;
  static void describe(Signature& signature) { signature.params.insert(signature.params.end(), 2, ValueType::kI32); }
  static GuestRange read(const Slot* slots) { return {slots[0].u32(), slots[1].u32()}; }
};

// False: trap.
inline bool leave(Slot& slot, Status result) {
  slot.set(static_cast<std::uint32_t>(result));
  return result != Status::kTrap;
}
inline bool leave(Slot& slot, Errno result) {
  slot.set(static_cast<std::uint32_t>(result));
  return true;
}
inline bool leave(Slot& slot, double result) {
  slot.set(result);
  return true;
}
inline bool leave(Slot&, Nothing result) { return result == Nothing::kDone; }

template <std::size_t kSize>
struct Name {
  char text[kSize];
  constexpr Name(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }  // NOLINT
  constexpr std::string_view view() const { return {text, kSize - 1}; }
};

// Whether a function may be called while the module starts and inside its allocator; kKeeping is kRunning for those
// that leave something in the memory of the exchange.
enum class When { kAlways, kRunning, kKeeping };

// What is read from an exchange and copied to the guest meanwhile leaves nothing in its arena.
class Reading {
 public:
  explicit Reading(const Vm& vm) : http_(vm.effective().http) {
    if (http_) mark_.emplace(http_->exchange.arena.mark());
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() {
    if (http_) http_->exchange.arena.rewind(*mark_);
  }

 private:
  HttpContext* http_;
  std::optional<Arena::Mark> mark_;
};

bool refuse(Vm& vm, std::string_view name);
bool refuse_to_keep(Vm& vm);
// Answers a call that its capabilities do not name.
bool deny(Vm& vm, std::string_view name, Slot* slots);

template <Name kName, When kWhen, auto kFunction>
struct Binding;

template <Name kName, When kWhen, class R, class... Args, R (*kFunction)(Vm&, Args...)>
struct Binding<kName, kWhen, kFunction> {
  // An exception must not pass through the frames of the guest.
  static bool enter(void* host, Slot* slots) noexcept {
    Vm& vm = *static_cast<Vm*>(host);
    if constexpr (!is_always_allowed(kName.view())) {
      if (!vm.may_call(capability_of(kName.view()))) [[unlikely]]
        return deny(vm, kName.view(), slots);
    }
    if constexpr (kWhen != When::kAlways) {
      if (vm.stage() != Vm::Stage::kRunning) [[unlikely]]
        return refuse(vm, kName.view());
    }
    bool returns = call(vm, slots, std::index_sequence_for<Args...>());
    if constexpr (kWhen == When::kKeeping) {
      if (vm.keeps_too_much()) [[unlikely]]
        return refuse_to_keep(vm);
    }
    return returns;
  }

  static Signature signature() {
    Signature described;
    (Value<Args>::describe(described), ...);
    if constexpr (std::is_same_v<R, double>)
      described.results = {ValueType::kF64};
    else if constexpr (!std::is_same_v<R, Nothing>)
      described.results = {ValueType::kI32};
    return described;
  }

 private:
  template <std::size_t... kIndex>
  static bool call(Vm& vm, Slot* slots, std::index_sequence<kIndex...>) {
    return leave(slots[0], kFunction(vm, Value<Args>::read(slots + offset(kIndex))...));
  }

  static constexpr std::size_t offset(std::size_t index) {
    std::size_t sizes[] = {Value<Args>::kSlots..., 0};
    std::size_t sum = 0;
    for (std::size_t i = 0; i < index; ++i) sum += sizes[i];
    return sum;
  }
};

// An import of module `env` or of one of WASI's.
template <Name kName, When kWhen, auto kFunction>
Import import(std::string_view module) {
  using Bound = Binding<kName, kWhen, kFunction>;
  static constexpr Name kKept = kName;
  return {module, kKept.view(), Bound::signature(), &Bound::enter};
}

}  // namespace sallyport::wasm::abi
