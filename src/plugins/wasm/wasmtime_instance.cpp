#include "plugins/wasm/wasmtime_instance.h"

#include "plugins/wasm/cpu_time.h"
#include "plugins/wasm/function_names.h"

#include <algorithm>

namespace sallyport::wasm {
namespace {

static_assert(sizeof(Slot) == sizeof(wasmtime_val_raw_t) && alignof(Slot) <= alignof(wasmtime_val_raw_t),
              "slots are handed to Wasmtime as they are");

std::string take_text(wasm_byte_vec_t& bytes) {
  std::string text(bytes.data, bytes.size);
  wasm_byte_vec_delete(&bytes);
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

Frame frame_of(const wasm_frame_t& frame) {
  const wasm_name_t* name = wasmtime_frame_func_name(&frame);
  return {name ? readable_name({name->data, name->size}) : std::string(), wasm_frame_func_index(&frame)};
}

bool is_ours(const wasm_frame_t& frame) {
  const wasm_name_t* module = wasmtime_frame_module_name(&frame);
  return module && std::string_view(module->data, module->size) == kSequenceModule;
}

std::vector<Frame> take_frames(wasm_frame_vec_t& trace) {
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < trace.size && i < Trap::kFrames; ++i) {
    if (!is_ours(*trace.data[i])) frames.push_back(frame_of(*trace.data[i]));
  }
  wasm_frame_vec_delete(&trace);
  return frames;
}

struct TrapText {
  TrapKind kind;
  std::string_view what;
};

TrapText text_of(wasmtime_trap_code_t code) {
  switch (code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW:
      return {TrapKind::kStack, "call stack exhausted"};
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
      return {TrapKind::kMemory, "memory access out of bounds"};
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS:
      return {TrapKind::kMemory, "table access out of bounds"};
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL:
      return {TrapKind::kOther, "call of an empty table entry"};
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE:
      return {TrapKind::kOther, "indirect call of a function of another type"};
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW:
      return {TrapKind::kOther, "integer overflow"};
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO:
      return {TrapKind::kOther, "integer division by zero"};
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER:
      return {TrapKind::kOther, "conversion to integer out of range"};
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
      return {TrapKind::kUnreachable, "unreachable (a panic or abort)"};
    default:
      return {TrapKind::kOther, "trap"};
  }
}

std::string first_line(std::string text) {
  if (auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  return text;
}

}  // namespace

std::string text_of(const wasmtime_error_t& error) {
  wasm_byte_vec_t message;
  wasmtime_error_message(&error, &message);
  return take_text(message);
}

WasmtimeInstance::WasmtimeInstance(wasm_engine_t& engine, const wasmtime_instance_pre_t& prepared,
                                   const SequenceCode& sequences, const InstanceLimits& limits, void* host,
                                   SharedBase* base)
    : prepared_(prepared),
      sequences_(sequences),
      host_(host),
      store_(wasmtime_store_new(&engine, this, nullptr)),
      context_(wasmtime_store_context(store_.get())),
      cpu_budget_(limits.cpu_budget),
      base_(base) {
  wasmtime_store_limiter(store_.get(), static_cast<std::int64_t>(limits.memory_bytes), limits.table_elements, 2, 1, 2);
  wasmtime_store_epoch_deadline_callback(store_.get(), &WasmtimeInstance::on_epoch, this, nullptr);
}

bool WasmtimeInstance::instantiate() {
  wasmtime_context_set_epoch_deadline(context_, 1);
  ++calls_;
  ++depth_;
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* error = wasmtime_instance_pre_instantiate(&prepared_, context_, &instance_, &trap);
  --depth_;
  starting_caller_ = nullptr;
  if (error || trap) {
    keep_trap(error, trap);
    return false;
  }
  if (auto exported = export_of(instance_, "memory")) adopt_memory(*exported);
  if (base_) find_globals();
  link_sequences();
  return true;
}

// Without it, for example because the pool is used up, functions are called one by one.
void WasmtimeInstance::link_sequences() {
  if (!sequences_.module) return;
  std::vector<wasmtime_extern_t> imports;
  for (const Sequence& sequence : sequences_.sequences) {
    for (const SequenceStep& step : sequence.steps) {
      auto exported = export_of(instance_, step.function);
      if (!exported) return;
      imports.push_back(*exported);
    }
  }
  wasmtime_instance_t sequencer;
  wasm_trap_t* trap = nullptr;
  WasmtimePtr<wasmtime_error_t> error(
      wasmtime_instance_new(context_, sequences_.module.get(), imports.data(), imports.size(), &sequencer, &trap));
  WasmtimePtr<wasm_trap_t> owned(trap);
  if (error || trap) return;
  auto memory = export_of(sequencer, kSequenceStep);
  if (!memory || memory->kind != WASMTIME_EXTERN_MEMORY) return;
  step_ = reinterpret_cast<std::uint32_t*>(wasmtime_memory_data(context_, &memory->of.memory));
  sequencer_ = sequencer;
}

GuestFunction WasmtimeInstance::find_sequence(std::size_t place) {
  return sequencer_ ? function_of(*sequencer_, std::to_string(place)) : GuestFunction();
}

bool WasmtimeInstance::adopt_memory(const wasmtime_extern_t& exported) {
  if (exported.kind != WASMTIME_EXTERN_MEMORY) return false;
  memory_ = exported.of.memory;
  has_memory_ = true;
  return true;
}

std::optional<wasmtime_extern_t> WasmtimeInstance::export_of(const wasmtime_instance_t& instance,
                                                             std::string_view name) {
  wasmtime_extern_t exported;
  if (!wasmtime_instance_export_get(context_, &instance, name.data(), name.size(), &exported)) return std::nullopt;
  return exported;
}

GuestFunction WasmtimeInstance::function_of(const wasmtime_instance_t& instance, std::string_view name) {
  auto exported = export_of(instance, name);
  if (!exported || exported->kind != WASMTIME_EXTERN_FUNC) return {};
  return {exported->of.func.store_id, exported->of.func.__private};
}

GuestFunction WasmtimeInstance::find(std::string_view name) { return function_of(instance_, name); }

bool WasmtimeInstance::call(const GuestFunction& function, std::span<Slot> slots) {
  const wasmtime_func_t target{function.a, function.b};
  if (depth_++ == 0) begin_call();
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* error = wasmtime_func_call_unchecked(
      context_, &target, reinterpret_cast<wasmtime_val_raw_t*>(slots.data()), slots.size(), &trap);
  --depth_;
  if (!error && !trap) [[likely]]
    return true;
  keep_trap(error, trap);
  return false;
}

MemoryView WasmtimeInstance::memory() {
  if (!has_memory_ && starting_caller_) {
    wasmtime_extern_t exported;
    if (wasmtime_caller_export_get(starting_caller_, "memory", 6, &exported)) adopt_memory(exported);
  }
  if (!has_memory_) return {};
  return {reinterpret_cast<std::byte*>(wasmtime_memory_data(context_, &memory_)),
          wasmtime_memory_data_size(context_, &memory_)};
}

wasm_trap_t* WasmtimeInstance::enter_host(void* data, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                                          std::size_t) {
  auto* self = static_cast<WasmtimeInstance*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
  if (!self->has_memory_) self->starting_caller_ = caller;
  auto function = reinterpret_cast<HostFunction>(data);
  if (function(self->host_, reinterpret_cast<Slot*>(values))) [[likely]]
    return nullptr;
  self->host_trapped_ = true;
  static constexpr std::string_view kMessage = "stopped by the host";
  return wasmtime_trap_new(kMessage.data(), kMessage.size());
}

// Called at the first loop or function entry after the epoch passed this store's deadline. The first time in a call
// only notes the CPU time, so that a call costs nothing until then; the part before it is at most one epoch.
wasmtime_error_t* WasmtimeInstance::on_epoch(wasmtime_context_t*, void* data, std::uint64_t* ticks,
                                             std::uint8_t* kind) {
  *ticks = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return static_cast<WasmtimeInstance*>(data)->check_budget();
}

wasmtime_error_t* WasmtimeInstance::check_budget() {
  if (!over_budget()) return nullptr;
  out_of_time_ = true;
  return wasmtime_error_new("CPU budget used up");
}

bool WasmtimeInstance::over_budget() {
  auto now = thread_cpu_time();
  if (timed_call_ != calls_ || timed_step_ != *step_) {
    timed_call_ = calls_;
    timed_step_ = *step_;
    cpu_at_first_tick_ = now;
    return false;
  }
  return now - cpu_at_first_tick_ >= cpu_budget_;
}

void WasmtimeInstance::keep_trap(wasmtime_error_t* raw_error, wasm_trap_t* raw_trap) {
  WasmtimePtr<wasmtime_error_t> error(raw_error);
  WasmtimePtr<wasm_trap_t> trap(raw_trap);
  trap_ = {};
  wasm_frame_vec_t frames;
  wasmtime_trap_code_t code = 0;
  if (trap && wasmtime_trap_code(trap.get(), &code)) {
    auto [kind, what] = text_of(code);
    trap_.kind = kind;
    trap_.what = what;
    wasm_trap_trace(trap.get(), &frames);
    trap_.frames = take_frames(frames);
  } else if (error) {
    trap_.what = first_line(text_of(*error));
    wasmtime_error_wasm_trace(error.get(), &frames);
    trap_.frames = take_frames(frames);
  }
  if (out_of_time_) {
    trap_.kind = TrapKind::kTime;
    trap_.what = "CPU budget of " + std::to_string(cpu_budget_.count() / 1'000'000) + " ms used up";
  } else if (host_trapped_) {
    trap_.kind = TrapKind::kHost;
  }
  out_of_time_ = host_trapped_ = false;
}

}  // namespace sallyport::wasm
