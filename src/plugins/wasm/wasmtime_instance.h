#pragma once
// One instance on Wasmtime with its store. Belongs to one thread at a time.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/guest_image.h"
#include "plugins/wasm/sequence_code.h"

#include <wasm.h>
#include <wasmtime.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

struct DeleteWasmtime {
  void operator()(wasm_engine_t* engine) const { wasm_engine_delete(engine); }
  void operator()(wasmtime_module_t* module) const { wasmtime_module_delete(module); }
  void operator()(wasmtime_linker_t* linker) const { wasmtime_linker_delete(linker); }
  void operator()(wasmtime_instance_pre_t* prepared) const { wasmtime_instance_pre_delete(prepared); }
  void operator()(wasmtime_store_t* store) const { wasmtime_store_delete(store); }
  void operator()(wasmtime_error_t* error) const { wasmtime_error_delete(error); }
  void operator()(wasm_trap_t* trap) const { wasm_trap_delete(trap); }
  void operator()(wasm_functype_t* type) const { wasm_functype_delete(type); }
  void operator()(wasmtime_call_future_t* call) const { wasmtime_call_future_delete(call); }
};
template <class T>
using WasmtimePtr = std::unique_ptr<T, DeleteWasmtime>;

// The module that calls the sequences of a guest, and what they are; shared by its instances.
struct SequenceCode {
  std::vector<Sequence> sequences;
  WasmtimePtr<wasmtime_module_t> module;  // null when none has steps
};

// The first line of the engine's message.
std::string text_of(const wasmtime_error_t& error);

class WasmtimeInstance : public Instance {
 public:
  // All but `limits` outlive the instance. `base`: that of its module's images; null where it needs none.
  WasmtimeInstance(wasm_engine_t& engine, const wasmtime_instance_pre_t& prepared, const SequenceCode& sequences,
                   const InstanceLimits& limits, void* host, SharedBase* base);
  WasmtimeInstance(const WasmtimeInstance&) = delete;
  WasmtimeInstance& operator=(const WasmtimeInstance&) = delete;

  bool instantiate() override;
  GuestFunction find(std::string_view name) override;
  GuestFunction find_sequence(std::size_t place) override;
  const std::uint32_t& step() const override { return *step_; }
  bool call(const GuestFunction& function, std::span<Slot> slots) override;
  Trap take_trap() override { return std::move(trap_); }
  MemoryView memory() override;
  void set_cpu_budget(std::chrono::nanoseconds budget) override { cpu_budget_ = budget; }
  std::shared_ptr<const GuestImage> capture() override;
  bool restore(const std::shared_ptr<const GuestImage>& image) override;

  // Every host function is entered here; `data` is its HostFunction.
  static wasm_trap_t* enter_host(void* data, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, std::size_t count);

 protected:
  wasmtime_store_t& store() noexcept { return *store_; }
  wasmtime_context_t* context() noexcept { return context_; }
  // Of calls that lie in each other, the host's and the guest's in turns; 0 outside of the guest.
  int& depth() noexcept { return depth_; }
  // An outermost call begins, with a budget of its own.
  void begin_call() noexcept {
    ++calls_;
    *step_ = 0;
  }
  // At an epoch's end, in the guest: null when the call may go on.
  wasmtime_error_t* check_budget();
  // The thread has used so much CPU time for other things since the last check.
  void spent_elsewhere(std::chrono::nanoseconds cpu_time) noexcept { cpu_at_first_tick_ += cpu_time; }
  void keep_trap(wasmtime_error_t* error, wasm_trap_t* trap);

 private:
  static wasmtime_error_t* on_epoch(wasmtime_context_t*, void* data, std::uint64_t* ticks, std::uint8_t* kind);
  bool over_budget();
  void link_sequences();
  std::optional<wasmtime_extern_t> export_of(const wasmtime_instance_t& instance, std::string_view name);
  GuestFunction function_of(const wasmtime_instance_t& instance, std::string_view name);
  bool adopt_memory(const wasmtime_extern_t& exported);
  void find_globals();
  bool fit_memory(std::size_t bytes);

  const wasmtime_instance_pre_t& prepared_;
  const SequenceCode& sequences_;
  void* host_;
  WasmtimePtr<wasmtime_store_t> store_;
  wasmtime_context_t* context_;
  wasmtime_instance_t instance_{};
  std::optional<wasmtime_instance_t> sequencer_;
  wasmtime_memory_t memory_{};
  bool has_memory_ = false;
  bool out_of_time_ = false;
  bool host_trapped_ = false;
  wasmtime_caller_t* starting_caller_ = nullptr;  // of a host function that the start section called

  // In memory of the module that calls sequences, which neither moves nor is seen by the guest.
  std::uint32_t no_step_ = 0;
  std::uint32_t* step_ = &no_step_;

  // A budget is that of one outermost call, or of one step; `calls_` and the step tell them apart.
  std::chrono::nanoseconds cpu_budget_;
  std::chrono::nanoseconds cpu_at_first_tick_{0};
  std::uint64_t calls_ = 0;
  std::uint64_t timed_call_ = 0;
  std::uint32_t timed_step_ = 0;
  int depth_ = 0;
  Trap trap_;

  SharedBase* base_;
  RestorableMemory restorable_;
  std::vector<wasmtime_global_t> globals_;  // that the guest can change
};

}  // namespace sallyport::wasm
