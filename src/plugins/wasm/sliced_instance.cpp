#include "plugins/wasm/sliced_instance.h"

#include "plugins/wasm/cpu_time.h"
#include "plugins/wasm/slice_timer.h"

#include <algorithm>

namespace sallyport::wasm {

SlicedInstance::SlicedInstance(wasm_engine_t& engine, const wasmtime_instance_pre_t& prepared,
                               const SequenceCode& sequences, const InstanceLimits& limits, void* host,
                               SharedBase* base)
    : WasmtimeInstance(engine, prepared, sequences, limits, host, base), engine_(engine) {
  wasmtime_store_epoch_deadline_callback(&store(), &SlicedInstance::on_epoch, this, nullptr);
}

void SlicedInstance::cut(const GuestFunction& function) {
  const wasmtime_func_t target{function.a, function.b};
  WasmtimePtr<wasm_functype_t> type(wasmtime_func_type(context(), &target));
  const std::size_t params = wasm_functype_params(type.get())->size;
  const std::size_t results = wasm_functype_results(type.get())->size;
  if (params > kMostParams || results > 1) return;
  cut_.push_back({function.b, static_cast<std::uint8_t>(params), static_cast<std::uint8_t>(results)});
}

const SlicedInstance::Shape* SlicedInstance::find_shape(const GuestFunction& function) const {
  auto found = std::ranges::find(cut_, function.b, &Shape::function);
  return found == cut_.end() ? nullptr : &*found;
}

bool SlicedInstance::call(const GuestFunction& function, std::span<Slot> slots) {
  const Shape* shape = depth() > 0 ? nullptr : find_shape(function);
  if (!shape) return WasmtimeInstance::call(function, slots);
  begin_call();
  wasmtime_context_set_epoch_deadline(context(), 1);
  cpu_at_slice_begin_.reset();
  std::array<wasmtime_val_t, kMostParams> arguments;
  for (std::size_t i = 0; i < shape->params; ++i) {
    arguments[i].kind = WASMTIME_I32;
    arguments[i].of.i32 = static_cast<std::int32_t>(slots[i].u32());
  }
  function_ = {function.a, function.b};
  results_ = shape->results;
  its_trap_ = nullptr;
  its_error_ = nullptr;
  call_.reset(wasmtime_func_call_async(context(), &function_, arguments.data(), shape->params, &result_, results_,
                                       &its_trap_, &its_error_));
  return run(slots);
}

bool SlicedInstance::resume(std::span<Slot> slots) {
  cpu_at_slice_begin_ = thread_cpu_time();
  spent_elsewhere(*cpu_at_slice_begin_ - cpu_at_slice_end_);
  return run(slots);
}

// One slice. False: it trapped, or there is more to do.
bool SlicedInstance::run(std::span<Slot> slots) {
  const SliceTimer::Running running(engine_);
  ++depth();
  bool has_ended = wasmtime_call_future_poll(call_.get());
  --depth();
  if (!has_ended) return false;
  call_.reset();
  if (its_error_ || its_trap_) {
    keep_trap(its_error_, its_trap_);
    return false;
  }
  if (results_ == 1) slots[0].set(static_cast<std::uint32_t>(result_.of.i32));
  return true;
}

// Wasmtime unwinds the stack of the guest; no frame of the host is on it.
void SlicedInstance::abandon() { call_.reset(); }

// The first tick in a call only notes the CPU time, so that a call costs nothing until then. Ticks while the machine
// had taken the core away cut nothing. What the guest calls through the host, its allocator, is not cut: the host may
// hold a lock there.
wasmtime_error_t* SlicedInstance::on_epoch(wasmtime_context_t*, void* data, std::uint64_t* ticks, std::uint8_t* kind) {
  auto* self = static_cast<SlicedInstance*>(data);
  *ticks = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  if (wasmtime_error_t* used_up = self->check_budget()) return used_up;
  if (!self->call_ || self->depth() > 1) return nullptr;
  const std::chrono::nanoseconds now = thread_cpu_time();
  if (!self->cpu_at_slice_begin_) self->cpu_at_slice_begin_ = now;
  if (now - *self->cpu_at_slice_begin_ < kTimeSlice / 2) return nullptr;
  self->cpu_at_slice_end_ = now;
  *kind = WASMTIME_UPDATE_DEADLINE_YIELD;
  return nullptr;
}

}  // namespace sallyport::wasm
