#include "plugins/wasm/wasmtime_engine.h"

#include "plugins/wasm/sliced_instance.h"
#include "plugins/wasm/wasmtime_code.h"
#include "plugins/wasm/wasmtime_instance.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace sallyport::wasm {
namespace {

#if defined(__has_feature)
#define SALLYPORT_HAS_SANITIZER(name) __has_feature(name)
#else
#define SALLYPORT_HAS_SANITIZER(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || SALLYPORT_HAS_SANITIZER(thread_sanitizer)
constexpr bool kThreadSanitized = true;
#else
constexpr bool kThreadSanitized = false;
#endif
#if defined(__SANITIZE_ADDRESS__) || SALLYPORT_HAS_SANITIZER(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = kThreadSanitized;
#endif

// The compiler of quick code wants the signals that sanitizers keep for themselves.
#if defined(__x86_64__)
constexpr bool kHasQuickCode = !kSanitized;
#else
constexpr bool kHasQuickCode = false;
#endif

constexpr std::uint64_t kMemorySpace = 4ull << 30;  // of a 32-bit memory: no access needs a bounds check
constexpr std::uint64_t kGuardSpace = 32u << 20;
constexpr std::uint32_t kPoolSlots = 1000;
constexpr std::uint32_t kPoolPairs = 2 * kPoolSlots;  // a guest, and the module that calls its sequences
constexpr std::size_t kGuestStack = 512u << 10;
constexpr std::chrono::milliseconds kEpoch{5};
constexpr const char* kBytecodeTarget = "pulley64";

// A pool reserves address space, no memory; a limit on address space (`ulimit -v`) forbids it.
bool can_reserve(std::uint64_t bytes) {
  void* space = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return false;
  munmap(space, bytes);
  return true;
}

// Whether this process may make memory executable that it has written: some hosts forbid it (PR_SET_MDWE, SELinux,
// systemd's MemoryDenyWriteExecute).
bool can_execute() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* memory = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return true;
  bool can = mprotect(memory, page, PROT_READ | PROT_EXEC) == 0;
  munmap(memory, page);
  return can;
}

constexpr const char* kNoMachineCode =
    "this host forbids memory that is written and then executed, which machine code needs; set `wasm.engine: pulley`, "
    "which interprets modules, or permit it (systemd: MemoryDenyWriteExecute=no)";

void use_pool(wasm_config_t& config) {
  auto* pool = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, kPoolPairs);
  wasmtime_pooling_allocation_config_total_memories_set(pool, kPoolPairs);
  wasmtime_pooling_allocation_config_total_tables_set(pool, kPoolSlots);
  wasmtime_pooling_allocation_config_total_stacks_set(pool, 0);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, kMemorySpace);
  wasmtime_pooling_allocation_config_table_elements_set(pool, InstanceLimits{}.table_elements);
  wasmtime_pooling_allocation_strategy_set(&config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
}

// To those that `instruction_reader.h` knows. What needs the engine's garbage collector is not built in.
void limit_instructions(wasm_config_t& config) {
  wasmtime_config_wasm_wide_arithmetic_set(&config, false);
  wasmtime_config_wasm_custom_page_sizes_set(&config, false);
  wasmtime_config_wasm_stack_switching_set(&config, false);
}

wasm_config_t* make_config(InstancePlaces places, CodeForm form, CompilingThreads threads) {
  wasm_config_t* config = wasm_config_new();
  if (form == CodeForm::kBytecode) WasmtimePtr<wasmtime_error_t>(wasmtime_config_target_set(config, kBytecodeTarget));
  wasmtime_config_strategy_set(config,
                               form == CodeForm::kQuick ? WASMTIME_STRATEGY_WINCH : WASMTIME_STRATEGY_CRANELIFT);
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_max_wasm_stack_set(config, kGuestStack);
  wasmtime_config_wasm_memory64_set(config, false);
  wasmtime_config_wasm_multi_memory_set(config, false);
  wasmtime_config_memory_may_move_set(config, false);
  if (places == InstancePlaces::kRestorable) limit_instructions(*config);
  // The thread sanitizer does not see how the engine's own threads wait for each other.
  wasmtime_config_parallel_compilation_set(config, threads == CompilingThreads::kMany && !kThreadSanitized);
  if (kSanitized) {  // sanitizers have their own handlers for the signals that guard pages raise
    wasmtime_config_signals_based_traps_set(config, false);
    wasmtime_config_memory_init_cow_set(config, false);
    return config;
  }
  wasmtime_config_memory_reservation_set(config, kMemorySpace);
  // The interpreter checks bounds itself and has no use for guards.
  const std::uint64_t guard = form == CodeForm::kBytecode ? 0 : kGuardSpace;
  wasmtime_config_memory_guard_size_set(config, guard);
  if (places == InstancePlaces::kRestorable) return config;
  if (can_reserve(kPoolPairs * (kMemorySpace + guard))) use_pool(*config);
  return config;
}

// Advances the epoch of an engine, from the first guest until the engine goes.
class EpochTicker {
 public:
  explicit EpochTicker(const wasm_engine_t& engine) : engine_(engine) {}
  ~EpochTicker() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    std::call_once(started_, [this] { thread_ = std::thread([this] { run(); }); });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kEpoch, [this] { return stopping_; })) wasmtime_engine_increment_epoch(&engine_);
  }

  const wasm_engine_t& engine_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::once_flag started_;
  std::thread thread_;
};

struct EngineHandle {
  EngineHandle(InstancePlaces its_places, CodeForm its_form, CompilingThreads threads)
      : places(its_places),
        form(its_form),
        engine(wasm_engine_new_with_config(make_config(its_places, its_form, threads))) {}

  InstancePlaces places;
  CodeForm form;
  WasmtimePtr<wasm_engine_t> engine;
  EpochTicker ticker{*engine};
};

class WasmtimeModule final : public CompiledModule {
 public:
  WasmtimeModule(std::shared_ptr<EngineHandle> engine, WasmtimePtr<wasmtime_module_t> module,
                 WasmtimePtr<wasmtime_instance_pre_t> prepared, SequenceCode sequences)
      : engine_(std::move(engine)),
        module_(std::move(module)),
        prepared_(std::move(prepared)),
        sequences_(std::move(sequences)) {}

  std::unique_ptr<Instance> make_instance(const InstanceLimits& limits, void* host) const override {
    engine_->ticker.start();
    SharedBase* base = engine_->places == InstancePlaces::kRestorable ? &base_ : nullptr;
    if (limits.in_slices) {
      return std::make_unique<SlicedInstance>(*engine_->engine, *prepared_, sequences_, limits, host, base);
    }
    return std::make_unique<WasmtimeInstance>(*engine_->engine, *prepared_, sequences_, limits, host, base);
  }

  Result<std::string> save() const override { return save_code(*module_, sequences_.module.get()); }

  std::size_t code_bytes() const override { return size_of(module_.get()) + size_of(sequences_.module.get()); }

 private:
  static std::size_t size_of(const wasmtime_module_t* module) {
    if (!module) return 0;
    void* begin = nullptr;
    void* end = nullptr;
    wasmtime_module_image_range(module, &begin, &end);
    return static_cast<std::size_t>(static_cast<char*>(end) - static_cast<char*>(begin));
  }

  std::shared_ptr<EngineHandle> engine_;
  WasmtimePtr<wasmtime_module_t> module_;
  WasmtimePtr<wasmtime_instance_pre_t> prepared_;
  SequenceCode sequences_;
  mutable SharedBase base_;
};

wasm_valkind_t kind_of(ValueType type) {
  switch (type) {
    case ValueType::kI64:
      return WASM_I64;
    case ValueType::kF32:
      return WASM_F32;
    case ValueType::kF64:
      return WASM_F64;
    default:
      return WASM_I32;
  }
}

wasm_valtype_vec_t types_of(const std::vector<ValueType>& types) {
  wasm_valtype_vec_t vec;
  wasm_valtype_vec_new_uninitialized(&vec, types.size());
  for (std::size_t i = 0; i < types.size(); ++i) vec.data[i] = wasm_valtype_new(kind_of(types[i]));
  return vec;
}

WasmtimePtr<wasm_functype_t> type_of(const Signature& signature) {
  wasm_valtype_vec_t params = types_of(signature.params);
  wasm_valtype_vec_t results = types_of(signature.results);
  return WasmtimePtr<wasm_functype_t>(wasm_functype_new(&params, &results));
}

WasmtimePtr<wasmtime_error_t> define(wasmtime_linker_t& linker, const Import& import) {
  auto type = type_of(import.signature);
  auto* data = reinterpret_cast<void*>(import.function);
  return WasmtimePtr<wasmtime_error_t>(wasmtime_linker_define_func_unchecked(
      &linker, import.module.data(), import.module.size(), import.name.data(), import.name.size(), type.get(),
      &WasmtimeInstance::enter_host, data, nullptr));
}

class WasmtimeEngine final : public Engine {
 public:
  WasmtimeEngine(InstancePlaces places, CodeForm form, CompilingThreads threads)
      : handle_(std::make_shared<EngineHandle>(places, form, threads)) {}

  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence> sequences) override {
    TRY(WasmtimePtr<wasmtime_module_t> module, compile(bytes));
    TRY(SequenceCode code, compile(sequences));
    TRY(WasmtimePtr<wasmtime_instance_pre_t> prepared, link(*module, imports));
    return std::make_shared<const WasmtimeModule>(handle_, std::move(module), std::move(prepared), std::move(code));
  }

  Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                     std::span<const Sequence> sequences) override {
    TRY(SavedCode code, load_code(*handle_->engine, saved));
    TRY(WasmtimePtr<wasmtime_instance_pre_t> prepared, link(*code.module, imports));
    SequenceCode sequenced;
    sequenced.sequences.assign(sequences.begin(), sequences.end());
    sequenced.module = std::move(code.sequences);
    return std::make_shared<const WasmtimeModule>(handle_, std::move(code.module), std::move(prepared),
                                                  std::move(sequenced));
  }

  std::string fingerprint() const override {
    bool is_restorable = handle_->places == InstancePlaces::kRestorable;
    std::string code = handle_->form == CodeForm::kBytecode ? kBytecodeTarget
                       : handle_->form == CodeForm::kQuick  ? "quick "
                                                            : "";
    return code + wasmtime_fingerprint() + (kSanitized ? " sanitized" : "") + (is_restorable ? " restorable" : "");
  }

  Result<std::string> assemble(std::string_view text) override { return assemble_text(text); }

 private:
  Result<WasmtimePtr<wasmtime_module_t>> compile(std::string_view bytes) {
    wasmtime_module_t* module = nullptr;
    WasmtimePtr<wasmtime_error_t> error(wasmtime_module_new(
        handle_->engine.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &module));
    if (!error) return WasmtimePtr<wasmtime_module_t>(module);
    if (handle_->form != CodeForm::kBytecode && !can_execute()) return fail(ErrorCode::kInvalid, kNoMachineCode);
    return fail(ErrorCode::kInvalid, "it does not compile: " + text_of(*error));
  }

  Result<SequenceCode> compile(std::span<const Sequence> sequences) {
    SequenceCode code;
    code.sequences.assign(sequences.begin(), sequences.end());
    std::string text = sequence_module(sequences);
    if (text.empty()) return code;
    TRY(std::string binary, assemble(text));
    TRY(code.module, compile(binary));
    return code;
  }

  Result<WasmtimePtr<wasmtime_instance_pre_t>> link(const wasmtime_module_t& module, std::span<const Import> imports) {
    WasmtimePtr<wasmtime_linker_t> linker(wasmtime_linker_new(handle_->engine.get()));
    for (const Import& import : imports) {
      if (auto refused = define(*linker, import)) return fail(ErrorCode::kInternal, text_of(*refused));
    }
    wasmtime_instance_pre_t* prepared = nullptr;
    WasmtimePtr<wasmtime_error_t> error(wasmtime_linker_instantiate_pre(linker.get(), &module, &prepared));
    if (error) return fail(ErrorCode::kInvalid, "its imports do not fit: " + text_of(*error));
    return WasmtimePtr<wasmtime_instance_pre_t>(prepared);
  }

  std::shared_ptr<EngineHandle> handle_;
};

}  // namespace

Result<std::shared_ptr<Engine>> make_wasmtime_engine(InstancePlaces places, CodeForm form, CompilingThreads threads) {
  if (form == CodeForm::kQuick && !kHasQuickCode) {
    return fail(ErrorCode::kUnavailable, "this build has no compiler of quick code");
  }
  return std::make_shared<WasmtimeEngine>(places, form, threads);
}

}  // namespace sallyport::wasm
