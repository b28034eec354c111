#include "plugins/wasm/wasmedge_instance.h"

#if __has_include(<wasmedge/wasmedge.h>)

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kMostValues = 16;  // that a function of the interfaces takes
constexpr std::uint64_t kWasmPage = 64u << 10;
// The interpreter has no limit of its stack: a recursion without end takes memory until its time is over.
constexpr std::chrono::nanoseconds kLongestCall = std::chrono::seconds(1);

WasmEdge_String text(std::string_view from) { return {static_cast<std::uint32_t>(from.size()), from.data()}; }

WasmEdgePtr<WasmEdge_ExecutorContext> make_executor(const WasmEdge& api, const InstanceLimits& limits) {
  auto settings = owned(api.ConfigureCreate(), api.ConfigureDelete);
  api.ConfigureSetMaxMemoryPage(settings.get(), limits.memory_bytes / kWasmPage);
  return owned(api.ExecutorCreate(settings.get(), nullptr), api.ExecutorDelete);
}

InstanceLimits bounded(InstanceLimits limits) {
  limits.cpu_budget = std::min(limits.cpu_budget, kLongestCall);
  return limits;
}

WasmEdge_ValType type_of(const WasmEdge& api, ValueType type) {
  switch (type) {
    case ValueType::kI64:
      return api.ValTypeGenI64();
    case ValueType::kF32:
      return api.ValTypeGenF32();
    case ValueType::kF64:
      return api.ValTypeGenF64();
    default:
      return api.ValTypeGenI32();
  }
}

std::vector<WasmEdge_ValType> types_of(const WasmEdge& api, const std::vector<ValueType>& from) {
  std::vector<WasmEdge_ValType> types;
  for (ValueType type : from) types.push_back(type_of(api, type));
  return types;
}

// As the other engines say it.
std::pair<TrapKind, std::string_view> trap_of(std::uint32_t code) {
  switch (code) {
    case WasmEdge_ErrCode_MemoryOutOfBounds:
      return {TrapKind::kMemory, "memory access out of bounds"};
    case WasmEdge_ErrCode_TableOutOfBounds:
    case WasmEdge_ErrCode_UndefinedElement:
      return {TrapKind::kMemory, "table access out of bounds"};
    case WasmEdge_ErrCode_UninitializedElement:
      return {TrapKind::kOther, "call of an empty table entry"};
    case WasmEdge_ErrCode_IndirectCallTypeMismatch:
      return {TrapKind::kOther, "indirect call of a function of another type"};
    case WasmEdge_ErrCode_IntegerOverflow:
      return {TrapKind::kOther, "integer overflow"};
    case WasmEdge_ErrCode_DivideByZero:
      return {TrapKind::kOther, "integer division by zero"};
    case WasmEdge_ErrCode_InvalidConvToInt:
      return {TrapKind::kOther, "conversion to integer out of range"};
    case WasmEdge_ErrCode_Unreachable:
      return {TrapKind::kUnreachable, "unreachable (a panic or abort)"};
    default:
      return {TrapKind::kOther, ""};
  }
}

}  // namespace

WasmEdgeInstance::WasmEdgeInstance(std::shared_ptr<const WasmEdgeCode> code, const InstanceLimits& limits, void* host)
    : code_(std::move(code)),
      api_(code_->api),
      host_(host),
      limits_(bounded(limits)),
      store_(owned(api_.StoreCreate(), api_.StoreDelete)),
      executor_(make_executor(api_, limits)),
      nothing_(owned<WasmEdge_ModuleInstanceContext>(nullptr, api_.ModuleInstanceDelete)),
      handle_(owned<WasmEdge_Async>(nullptr, api_.AsyncDelete)),
      guest_(owned<WasmEdge_ModuleInstanceContext>(nullptr, api_.ModuleInstanceDelete)),
      sequencer_(owned<WasmEdge_ModuleInstanceContext>(nullptr, api_.ModuleInstanceDelete)),
      clock_(*code_->watcher, limits_.cpu_budget, &WasmEdgeInstance::interrupt, this) {}

// The interface interrupts an executor by a call that runs on another thread. One that has ended serves as well.
void WasmEdgeInstance::make_interruptible() {
  WasmEdge_ModuleInstanceContext* made = nullptr;
  api_.ExecutorInstantiate(executor_.get(), &made, store_.get(), code_->nothing.get());
  nothing_.reset(made);
  do_nothing_ = api_.ModuleInstanceFindFunction(made, text(""));
  handle_.reset(api_.ExecutorAsyncInvoke(executor_.get(), do_nothing_, nullptr, 0));
  api_.AsyncWait(handle_.get());
}

void WasmEdgeInstance::interrupt(void* guest) {
  auto& self = *static_cast<WasmEdgeInstance*>(guest);
  self.api_.AsyncCancel(self.handle_.get());
}

void WasmEdgeInstance::offer_imports() {
  std::vector<std::string_view> names;
  for (const Import* import : code_->imports) {
    auto known = std::ranges::find(names, import->module);
    const auto place = static_cast<std::size_t>(known - names.begin());
    if (known == names.end()) {
      names.push_back(import->module);
      hosts_.push_back(owned(api_.ModuleInstanceCreate(text(import->module)), api_.ModuleInstanceDelete));
    }
    auto params = types_of(api_, import->signature.params);
    auto results = types_of(api_, import->signature.results);
    auto type = owned(api_.FunctionTypeCreate(params.data(), static_cast<std::uint32_t>(params.size()), results.data(),
                                              static_cast<std::uint32_t>(results.size())),
                      api_.FunctionTypeDelete);
    entries_.push_back({this, import->function, params.size(), !results.empty()});
    auto* function = api_.FunctionInstanceCreate(type.get(), &WasmEdgeInstance::enter_host, &entries_.back(), 0);
    api_.ModuleInstanceAddFunction(hosts_[place].get(), text(import->name), function);
  }
  for (const Module& host : hosts_) api_.ExecutorRegisterImport(executor_.get(), store_.get(), host.get());
}

WasmEdge_Result WasmEdgeInstance::enter_host(void* data, const WasmEdge_CallingFrameContext* frame,
                                             const WasmEdge_Value* params, WasmEdge_Value* results) {
  auto& entry = *static_cast<HostEntry*>(data);
  WasmEdgeInstance& self = *entry.self;
  if (!self.memory_) self.starting_frame_ = frame;
  std::array<Slot, kMostValues> slots;
  for (std::size_t i = 0; i < entry.params; ++i) slots[i].set(static_cast<std::uint64_t>(params[i].Value));
  if (!entry.function(self.host_, slots.data())) {
    self.host_trapped_ = true;
    return WasmEdge_Result_Fail;
  }
  if (entry.has_result) results[0].Value = slots[0].bits;
  return WasmEdge_Result_Success;
}

bool WasmEdgeInstance::instantiate() {
  if (code_->memory_bytes > limits_.memory_bytes) {
    trap_ = {
        TrapKind::kOther,
        "memory minimum size of " + std::to_string(code_->memory_bytes / kWasmPage) + " pages exceeds memory limits",
        {}};
    return false;
  }
  make_interruptible();
  offer_imports();
  WasmEdge_ModuleInstanceContext* made = nullptr;
  WasmEdge_Result result = in_time(
      [&] { return api_.ExecutorRegister(executor_.get(), &made, store_.get(), code_->module.get(), text("guest")); });
  starting_frame_ = nullptr;
  if (!is_good(result)) return false;
  guest_.reset(made);
  memory_ = api_.ModuleInstanceFindMemory(made, text("memory"));
  link_sequences();
  return true;
}

// Without it functions are called one by one.
void WasmEdgeInstance::link_sequences() {
  if (!code_->sequence_code) return;
  WasmEdge_ModuleInstanceContext* made = nullptr;
  WasmEdge_Result result = api_.ExecutorInstantiate(executor_.get(), &made, store_.get(), code_->sequence_code.get());
  if (!api_.ResultOK(result)) return;
  sequencer_.reset(made);
  auto* memory = api_.ModuleInstanceFindMemory(made, text(kSequenceStep));
  step_ = reinterpret_cast<std::uint32_t*>(api_.MemoryInstanceGetPointer(memory, 0, sizeof(*step_)));
  clock_.watch_step(step_);
}

GuestFunction WasmEdgeInstance::find(std::string_view name) { return callable(guest_.get(), name); }

GuestFunction WasmEdgeInstance::find_sequence(std::size_t place) {
  return sequencer_ ? callable(sequencer_.get(), std::to_string(place)) : GuestFunction();
}

GuestFunction WasmEdgeInstance::callable(const WasmEdge_ModuleInstanceContext* module, std::string_view name) {
  const auto* function = api_.ModuleInstanceFindFunction(module, text(name));
  if (!function) return {};
  const auto* type = api_.FunctionInstanceGetFunctionType(function);
  std::vector<WasmEdge_ValType> params(api_.FunctionTypeGetParametersLength(type));
  const std::uint32_t results = api_.FunctionTypeGetReturnsLength(type);
  if (params.size() > kMostValues || results > 1) return {};
  api_.FunctionTypeGetParameters(type, params.data(), static_cast<std::uint32_t>(params.size()));
  callables_.push_back({function, std::move(params), results});
  return {0, &callables_.back()};
}

bool WasmEdgeInstance::call(const GuestFunction& function, std::span<Slot> slots) {
  const auto& callable = *static_cast<const Callable*>(function.b);
  const auto count = static_cast<std::uint32_t>(callable.params.size());
  std::array<WasmEdge_Value, kMostValues> params;
  for (std::uint32_t i = 0; i < count; ++i) params[i] = {slots[i].bits, callable.params[i]};
  WasmEdge_Value answer{};
  WasmEdge_Result result = in_time([&] {
    return api_.ExecutorInvoke(executor_.get(), callable.function, params.data(), count, &answer, callable.results);
  });
  if (!is_good(result)) return false;
  if (callable.results > 0) slots[0].set(static_cast<std::uint64_t>(answer.Value));
  return true;
}

WasmEdge_Result WasmEdgeInstance::in_time(auto&& run) {
  const bool is_outermost = depth_++ == 0;
  if (is_outermost) {
    *step_ = 0;
    clock_.begin();
  }
  WasmEdge_Result result = run();
  --depth_;
  if (!is_outermost || !clock_.end()) return result;
  out_of_time_ = true;
  while (!do_nothing()) {  // takes the interrupt that may be left
  }
  return result;
}

bool WasmEdgeInstance::do_nothing() {
  return api_.ResultOK(api_.ExecutorInvoke(executor_.get(), do_nothing_, nullptr, 0, nullptr, 0));
}

bool WasmEdgeInstance::is_good(WasmEdge_Result result) {
  const bool was_out_of_time = std::exchange(out_of_time_, false);
  const bool has_host_trapped = std::exchange(host_trapped_, false);
  if (api_.ResultOK(result)) return true;
  const std::uint32_t code = api_.ResultGetCode(result);
  auto [kind, what] = trap_of(code);
  trap_ = {kind, std::string(what.empty() ? api_.ResultGetMessage(result) : what), {}};
  if (has_host_trapped) {  // which knows why: a call back into the guest may have taken all of the time
    trap_ = {TrapKind::kHost, "stopped by the host", {}};
  } else if (was_out_of_time || code == WasmEdge_ErrCode_Interrupted) {
    trap_.kind = TrapKind::kTime;
    trap_.what = "CPU budget of " + std::to_string(limits_.cpu_budget.count() / 1'000'000) + " ms used up";
  }
  return false;
}

void WasmEdgeInstance::set_cpu_budget(std::chrono::nanoseconds budget) {
  limits_.cpu_budget = std::min(budget, kLongestCall);
  clock_.set_budget(limits_.cpu_budget);
}

MemoryView WasmEdgeInstance::memory() {
  auto* memory = memory_;
  if (!memory && starting_frame_) memory = api_.CallingFrameGetMemoryInstance(starting_frame_, 0);
  if (!memory) return {};
  const std::uint64_t bytes = api_.MemoryInstanceGetPageSize(memory) * kWasmPage;
  return {reinterpret_cast<std::byte*>(api_.MemoryInstanceGetPointer(memory, 0, bytes)), bytes};
}

}  // namespace sallyport::wasm

#endif
