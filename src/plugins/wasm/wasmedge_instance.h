#pragma once
// One instance on WasmEdge with its store and executor. Belongs to one thread at a time.

#if __has_include(<wasmedge/wasmedge.h>)

#include "plugins/wasm/call_clock.h"
#include "plugins/wasm/engine.h"
#include "plugins/wasm/wasmedge_library.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

// A thing of WasmEdge's, given back with the function that its kind has.
template <class T>
using WasmEdgePtr = std::unique_ptr<T, void (*)(T*)>;
template <class T>
WasmEdgePtr<T> owned(T* thing, void (*give_back)(T*) noexcept) {
  return {thing, give_back};
}

// What the instances of one module share, on all threads.
struct WasmEdgeCode {
  const WasmEdge& api;
  std::shared_ptr<CallWatcher> watcher;
  WasmEdgePtr<WasmEdge_ASTModuleContext> module;
  WasmEdgePtr<WasmEdge_ASTModuleContext> nothing;        // exports a function that does nothing as ""
  WasmEdgePtr<WasmEdge_ASTModuleContext> sequence_code;  // null where there are none
  std::vector<const Import*> imports;                    // that it has, each once
  std::uint64_t memory_bytes = 0;                        // that it begins with
  std::size_t file_bytes = 0;
};

class WasmEdgeInstance final : public Instance {
 public:
  WasmEdgeInstance(std::shared_ptr<const WasmEdgeCode> code, const InstanceLimits& limits, void* host);
  WasmEdgeInstance(const WasmEdgeInstance&) = delete;
  WasmEdgeInstance& operator=(const WasmEdgeInstance&) = delete;

  bool instantiate() override;
  GuestFunction find(std::string_view name) override;
  GuestFunction find_sequence(std::size_t place) override;
  const std::uint32_t& step() const override { return *step_; }
  bool call(const GuestFunction& function, std::span<Slot> slots) override;
  Trap take_trap() override { return std::move(trap_); }
  MemoryView memory() override;
  void set_cpu_budget(std::chrono::nanoseconds budget) override;
  // There is no `isolation: request` on this engine.
  std::shared_ptr<const GuestImage> capture() override { return nullptr; }
  bool restore(const std::shared_ptr<const GuestImage>&) override { return false; }

 private:
  using Module = WasmEdgePtr<WasmEdge_ModuleInstanceContext>;
  struct HostEntry {
    WasmEdgeInstance* self;
    HostFunction function;
    std::size_t params;
    bool has_result;
  };
  struct Callable {
    const WasmEdge_FunctionInstanceContext* function;
    std::vector<WasmEdge_ValType> params;
    std::uint32_t results;
  };

  static WasmEdge_Result enter_host(void* data, const WasmEdge_CallingFrameContext* frame, const WasmEdge_Value* params,
                                    WasmEdge_Value* results);
  static void interrupt(void* guest);
  void make_interruptible();
  void offer_imports();
  void link_sequences();
  GuestFunction callable(const WasmEdge_ModuleInstanceContext* module, std::string_view name);
  WasmEdge_Result in_time(auto&& run);
  bool do_nothing();
  bool is_good(WasmEdge_Result result);  // else there is a trap to take

  const std::shared_ptr<const WasmEdgeCode> code_;
  const WasmEdge& api_;
  void* const host_;
  InstanceLimits limits_;
  WasmEdgePtr<WasmEdge_StoreContext> store_;
  WasmEdgePtr<WasmEdge_ExecutorContext> executor_;
  std::deque<HostEntry> entries_;
  std::vector<Module> hosts_;
  Module nothing_;
  const WasmEdge_FunctionInstanceContext* do_nothing_ = nullptr;
  WasmEdgePtr<WasmEdge_Async> handle_;  // by which the executor is interrupted
  Module guest_;
  Module sequencer_;
  WasmEdge_MemoryInstanceContext* memory_ = nullptr;
  const WasmEdge_CallingFrameContext* starting_frame_ = nullptr;  // while there is no memory_
  std::deque<Callable> callables_;
  std::uint32_t no_step_ = 0;
  std::uint32_t* step_ = &no_step_;
  int depth_ = 0;
  bool host_trapped_ = false;
  bool out_of_time_ = false;
  Trap trap_;
  CallClock clock_;  // goes first, since it interrupts
};

}  // namespace sallyport::wasm

#endif
