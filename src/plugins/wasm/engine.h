#pragma once
// What the host needs from a WebAssembly engine: compile a module once, run instances of it, stop them, say why they
// trapped. An Engine and its CompiledModules are shared by all threads. An Instance belongs to one thread at a time.

#include "base/result.h"
#include "plugins/wasm/sequence_code.h"

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

enum class ValueType : std::uint8_t { kI32 = 0x7f, kI64 = 0x7e, kF32 = 0x7d, kF64 = 0x7c, kOther = 0 };

struct Signature {
  std::vector<ValueType> params;
  std::vector<ValueType> results;
  friend bool operator==(const Signature&, const Signature&) = default;
  std::string to_string() const;  // "(i32, i64) -> i32"
};

// A place for one argument or result, as wide as the widest value.
struct Slot {
  std::uint64_t bits = 0;
  std::uint64_t upper_half = 0;

  std::uint32_t u32() const noexcept { return static_cast<std::uint32_t>(bits); }
  std::uint64_t u64() const noexcept { return bits; }
  void set(std::uint32_t value) noexcept { bits = value; }
  void set(std::uint64_t value) noexcept { bits = value; }
  void set(double value) noexcept { bits = std::bit_cast<std::uint64_t>(value); }
};

// A function that modules import. It reads its arguments from `slots` and leaves its result in slots[0]. `host` is what
// the instance was made with. False makes the guest trap; the host itself knows why.
using HostFunction = bool (*)(void* host, Slot* slots);

struct Import {
  std::string_view module;
  std::string_view name;
  Signature signature;
  HostFunction function = nullptr;
};

struct InstanceLimits {
  std::uint64_t memory_bytes = 128u << 20;
  std::uint32_t table_elements = 100'000;                               // the largest Go modules have some 20 000
  std::chrono::nanoseconds cpu_budget = std::chrono::milliseconds(50);  // of one call from outside, in CPU time
  bool in_slices = false;                                               // see Instance::cut
};

// A long call is cut after about so much time, and at most twice that.
inline constexpr std::chrono::microseconds kTimeSlice{500};

enum class TrapKind : std::uint8_t { kUnreachable, kMemory, kStack, kTime, kHost, kOther };

struct Frame {
  std::string function;     // from the module's name section; empty where it has none
  std::uint32_t index = 0;  // of the function in the module
};

struct Trap {
  TrapKind kind = TrapKind::kOther;
  std::string what;           // "unreachable", "call stack exhausted" ...
  std::vector<Frame> frames;  // innermost first, at most kFrames
  static constexpr std::size_t kFrames = 20;
};

struct MemoryView {
  std::byte* base = nullptr;
  std::size_t size = 0;
};

// A function of one instance.
struct GuestFunction {
  std::uint64_t a = 0;
  void* b = nullptr;
  explicit operator bool() const noexcept { return b != nullptr; }
};

struct GuestImage;  // the state of a guest at one moment

class Instance {
 public:
  virtual ~Instance() = default;

  // Makes memory and tables and runs the module's start section. False: it trapped or did not fit.
  virtual bool instantiate() = 0;
  // An exported function; null when there is none of that name.
  virtual GuestFunction find(std::string_view name) = 0;
  // A sequence that the module was compiled with, by its place there; null when it has no steps or could not be linked.
  virtual GuestFunction find_sequence(std::size_t place) = 0;
  // Which step of a sequence runs, or ran last; 0 in any other call. Valid until the next instantiate.
  virtual const std::uint32_t& step() const = 0;
  // `slots` holds the arguments and receives the result; as many as the larger of both. False: it trapped.
  // A host function may call back; the budget is that of the outermost call, and in a sequence of each step.
  virtual bool call(const GuestFunction& function, std::span<Slot> slots) = 0;
  // Why the last instantiate or call returned false.
  virtual Trap take_trap() = 0;
  // The exported memory as it is now. Its base never changes, its size only grows.
  virtual MemoryView memory() = 0;
  virtual void set_cpu_budget(std::chrono::nanoseconds budget) = 0;

  // From now on, calls of `function` (all of whose values are i32) from outside are cut into time slices: after each of
  // them `call` returns false and `is_suspended` says so. Then nothing else of the instance may be called but `resume`,
  // which returns as `call` does, and `abandon`. Only where the limits have `in_slices`.
  virtual void cut(const GuestFunction& /*function*/) {}
  virtual bool is_suspended() const { return false; }
  virtual bool resume(std::span<Slot> /*slots*/) { return false; }
  // Ends the call that is suspended; the guest, in the middle of something, must not be used any more.
  virtual void abandon() {}

  // Everything that the guest can change, as it is now, for other instances of its module; null when that cannot be
  // had. Only for modules of `isolated_module`, and only between calls.
  virtual std::shared_ptr<const GuestImage> capture() = 0;
  // Puts the guest into the state of an image. False: it cannot be (its memory has grown beyond it), and the instance
  // must not be used any more.
  virtual bool restore(const std::shared_ptr<const GuestImage>& image) = 0;
};

class CompiledModule {
 public:
  virtual ~CompiledModule() = default;
  // Not instantiated yet. `host` is handed to every host function.
  virtual std::unique_ptr<Instance> make_instance(const InstanceLimits& limits, void* host) const = 0;
  // What instances are made of now, where that changes in the course of time: whoever makes one keeps it as long. Null
  // where it does not.
  virtual std::shared_ptr<const CompiledModule> latest() const { return nullptr; }
  // Memory that its machine code takes.
  virtual std::size_t code_bytes() const = 0;
  // All of it, for `Engine::load`. Error: kInternal with the engine's reason.
  virtual Result<std::string> save() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Takes seconds for large modules. `imports` outlives the module. Error: kInvalid with the engine's reason.
  virtual Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                                std::span<const Sequence> sequences) = 0;
  // What `compile` would give, where that costs no compilation; else null.
  virtual std::shared_ptr<const CompiledModule> find(std::string_view /*bytes*/, std::span<const Import> /*imports*/,
                                                     std::span<const Sequence> /*sequences*/) {
    return nullptr;
  }
  // What was compiled of a module for these imports and sequences, as `save` gave it. An engine believes what it is
  // given here: any other bytes are undefined behaviour. Error: kInvalid when it was made for another engine.
  virtual Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                             std::span<const Sequence> sequences) = 0;
  // What its code is made for: two that differ cannot use each other's.
  virtual std::string fingerprint() const = 0;
  // The binary form of a module in the text format. Error: kInvalid with line and column.
  virtual Result<std::string> assemble(std::string_view text) = 0;
};

}  // namespace sallyport::wasm
