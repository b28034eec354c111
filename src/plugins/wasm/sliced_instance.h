#pragma once
// An instance whose long calls are cut into time slices. Such a call runs on a stack of its own, which Wasmtime makes
// and keeps for the next one; when the epoch ends, that stack is left where it is until `resume`.

#include "plugins/wasm/wasmtime_instance.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sallyport::wasm {

class SlicedInstance final : public WasmtimeInstance {
 public:
  // As WasmtimeInstance.
  SlicedInstance(wasm_engine_t& engine, const wasmtime_instance_pre_t& prepared, const SequenceCode& sequences,
                 const InstanceLimits& limits, void* host, SharedBase* base);
  ~SlicedInstance() override { SlicedInstance::abandon(); }

  void cut(const GuestFunction& function) override;
  bool call(const GuestFunction& function, std::span<Slot> slots) override;
  bool is_suspended() const override { return call_ != nullptr; }
  bool resume(std::span<Slot> slots) override;
  void abandon() override;

 private:
  static constexpr std::size_t kMostParams = 5;

  // One that is cut.
  struct Shape {
    void* function;  // b of the GuestFunction
    std::uint8_t params;
    std::uint8_t results;
  };
  const Shape* find_shape(const GuestFunction& function) const;
  static wasmtime_error_t* on_epoch(wasmtime_context_t*, void* data, std::uint64_t* ticks, std::uint8_t* kind);
  bool run(std::span<Slot> slots);

  wasm_engine_t& engine_;
  std::vector<Shape> cut_;

  // The call that is under way refers to all of these.
  WasmtimePtr<wasmtime_call_future_t> call_;
  wasmtime_func_t function_{};
  std::uint8_t results_ = 0;
  wasmtime_val_t result_{};
  wasm_trap_t* its_trap_ = nullptr;
  wasmtime_error_t* its_error_ = nullptr;
  std::optional<std::chrono::nanoseconds> cpu_at_slice_begin_;  // of the thread; unknown before the first tick
  std::chrono::nanoseconds cpu_at_slice_end_{0};
};

}  // namespace sallyport::wasm
