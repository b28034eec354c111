#pragma once
// One running instance of a plugin's module with its contexts. Calls the plugin's callbacks, serves its host calls, and
// once anything in it has trapped it is never entered again. A Vm belongs to one thread at a time.

#include "base/clock.h"
#include "base/result.h"
#include "plugins/wasm/abi/codes.h"
#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/capabilities.h"
#include "plugins/wasm/context.h"
#include "plugins/wasm/context_table.h"
#include "plugins/wasm/engine.h"
#include "plugins/wasm/guest_memory.h"
#include "plugins/wasm/http_calls.h"
#include "plugins/wasm/module.h"
#include "plugins/wasm/plugin_log.h"
#include "plugins/wasm/shared_state.h"
#include "plugins/wasm/wasm_settings.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

// What makes two VMs interchangeable; immutable, shared by all threads.
struct VmSpec {
  std::string plugin;  // name, for messages
  std::shared_ptr<const Module> module;
  std::string vm_config;
  InstanceLimits limits;
  VmSettings settings;
  std::chrono::nanoseconds start_budget = std::chrono::seconds(10);  // CPU time of each step of a start off the workers
  std::uint32_t max_instances = 256;                                 // of a worker, where each exchange has a copy
  std::size_t max_metrics = PluginMetrics::kMost;                    // where that is less than those of its vm_id
  bool is_fair = false;                                              // copies are cut into time slices
  bool resets = true;                                                // copies, behind each exchange
  HttpCallLimits http_calls;
  const Clock* clock = nullptr;
  std::shared_ptr<SharedState> state;  // what outlives its VMs; the Runtime sets it, and the clock

  Isolation isolation() const noexcept { return module->isolation; }

  // Under which it keeps shared data and queues; plugins that name the same one share VMs.
  const std::string& vm_id() const noexcept { return settings.vm_id.empty() ? plugin : settings.vm_id; }
};

// A Vm with one configured root context, as copies of it begin. Immutable, shared by all threads.
struct VmImage {
  std::shared_ptr<const GuestImage> guest;
  RootContext root;
  std::uint32_t last_call = 0;  // number of a HTTP call
};

class Vm {
 public:
  enum class Stage : std::uint8_t { kStarting, kRunning, kAllocating };

  // Instantiates the module and runs its start-up functions. Error: kPlugin with the reason.
  static Result<std::unique_ptr<Vm>> start(std::shared_ptr<const VmSpec> spec, std::chrono::nanoseconds cpu_budget,
                                           PluginLog::Mode log = PluginLog::Mode::kWrite);
  // A copy of what `image` was taken of, with that log; only the start section runs. Error: kPlugin with the reason.
  static Result<std::unique_ptr<Vm>> copy(std::shared_ptr<const VmSpec> spec, std::shared_ptr<const VmImage> image,
                                          std::shared_ptr<PluginLog> log);
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  const VmSpec& spec() const noexcept { return *spec_; }
  bool exports(Callback callback) const noexcept { return static_cast<bool>(function(callback)); }
  // Why it must not be entered any more; null while it is well.
  const Error* failure() const noexcept { return failure_ ? &*failure_ : nullptr; }
  // Of each call from now on.
  void set_cpu_budget(std::chrono::nanoseconds budget) { instance_->set_cpu_budget(budget); }

  // Makes and configures a root context. Error: kInvalid when the plugin refuses, kPlugin when it trapped.
  Result<RootContext*> add_root(RootConf conf);
  // Tells the guest that `root` ends (proxy_on_done). False: it has something to finish, and asks for `end_root` by
  // proxy_done, see on_done; its calls are still answered.
  bool ask_to_end(RootContext& root);
  // delete, after done if it was not asked. Roots hear of no log: that of AssemblyScript's SDK fails there.
  void end_root(RootContext& root);
  // All that are there now.
  std::vector<RootContext*> roots() const;
  std::size_t root_count() const noexcept { return roots_.size(); }
  // The state for copies of it, which have `root` as their only one. Null when it cannot be had.
  std::shared_ptr<const VmImage> capture(const RootContext& root);
  // Of a copy without exchanges: forgets everything since `image` was taken, for the same root or another one. False:
  // it cannot, and must not be used any more.
  bool restore(std::shared_ptr<const VmImage> image);
  // Of a copy.
  RootContext& root() noexcept { return *roots_.front(); }

  // Gives `http` a number and tells the guest. False: trapped.
  bool open(HttpContext& http, RootContext& root);
  // As `open`, then the headers of the request by the same entry, as `call` does; the module exports that callback.
  std::optional<std::uint32_t> begin(HttpContext& http, RootContext& root, std::uint32_t headers,
                                     std::uint32_t end_of_stream);
  // done, log, delete: the guest forgets it; `forget` follows. Where one of them is suspended, to be called again after
  // its end, until none is.
  void close(HttpContext& http);
  // Its number is free again.
  void forget(HttpContext& http);
  bool has_exchanges() const noexcept { return contexts_.size() > roots_.size(); }
  // Exchanges get other numbers than those of `earlier`.
  void number_after(const Vm& earlier) noexcept { contexts_.continue_after(earlier.contexts_); }
  // Its roots do nothing by themselves any more: others have taken their place.
  void retire() noexcept {
    for (const auto& root : roots_) root->home = nullptr;
  }
  // After a failure: tells the exchanges that they are lost, and gives the instance back.
  void lose_exchanges();

  // Calls a callback that the module exports. Nothing: it trapped, see `failure`.
  std::optional<std::uint32_t> call(Callback callback, Scope scope, std::uint32_t a, std::uint32_t b = 0,
                                    std::uint32_t c = 0);

  // A callback of a copy that is fair has used up its time slice, and returned as one that trapped does: nothing else
  // may be called until `go_on` has brought it to its end.
  bool is_suspended() const noexcept { return is_suspended_; }
  // Its next slice. When it has ended: what it returned; nothing when it trapped, see `failure`, or is suspended again.
  std::optional<std::uint32_t> go_on();
  // It is not brought to its end: a failure without a word.
  void abandon();

  // Tells `root` of the answer to its call. False: it trapped, see `failure`. `answer` stays until it has ended.
  bool tell_answer(RootContext& root, std::uint32_t call, const AnsweredCall& answer);

  // Told the numbers of exchanges that a callback of another context has changed; never called inside the guest.
  void on_wake(std::function<void(std::vector<std::uint32_t>)> wake) { on_wake_ = std::move(wake); }
  // Told that a root which waited is done; inside the guest.
  void on_done(std::function<void()> told) { on_done_ = std::move(told); }
  const ContextTable& contexts() const noexcept { return contexts_; }
  PluginLog& log() noexcept { return *log_; }

  // For host calls:
  Stage stage() const noexcept { return stage_; }
  GuestMemory& memory() noexcept { return memory_; }
  PluginState& state() noexcept { return state_; }
  HttpCalls& calls() noexcept { return calls_; }
  // Tells its counting from that of other threads.
  std::size_t lane() const noexcept { return lane_; }
  void set_lane(std::size_t lane) noexcept { lane_ = lane; }
  Scope effective() const noexcept { return chosen_at_ == *step_ ? effective_ : current_; }
  // 0 goes back to the context of the running callback. False: there is none of that number.
  bool set_effective(std::uint32_t context);
  Callback running_callback() const noexcept { return running_; }
  // Has `http` looked after, if it is paused.
  void wake_later(HttpContext& http);
  // Of `root`, which waits.
  void note_done(RootContext& root);
  void warn(std::string_view message) { log_->write(LogLevel::kWarn, message); }
  // What is said once for each cause, however much the plugin writes.
  void warn_once(std::string_view message) { log_->warn(message); }
  bool may_call(std::uint64_t capability) const noexcept { return !capabilities_ || capabilities_->allows(capability); }
  // Whether this host call was not warned of before.
  bool hears_first_of(std::string_view function);
  // Whether the gateway keeps more for the exchange that host calls work on than any honest plugin makes it keep.
  bool keeps_too_much() const noexcept {
    const HttpContext* http = effective().http;
    return http && http->exchange.arena.extra_bytes() > kMostKept;
  }
  static constexpr std::size_t kMostKept = 64u << 20;
  // Makes the present host call trap.
  Status trap(std::string reason);
  void exit(std::uint32_t code);

  // A block in guest memory from the guest's own allocator; the guest owns it.
  struct Block {
    std::uint32_t at = 0;
    char* bytes = nullptr;
  };
  // `size` is not 0. Views into guest memory are invalid afterwards. kOk, kInvalidMemoryAccess (the allocator gave
  // nothing that can be used) or kTrap.
  Status allocate(std::uint32_t size, Block& block);
  // Hands `value` to the guest through two out slots; an empty one as address 0 without a block.
  Status give(std::string_view value, GuestRange slots);
  Status give_block(const Block& block, std::uint32_t size, GuestRange slots);

 private:
  Vm(std::shared_ptr<const VmSpec> spec, const InstanceLimits& limits, std::shared_ptr<PluginLog> log);

  Result<void> run_start_functions();
  Result<void> run(std::string_view name, std::size_t params);
  void find_callbacks();
  void add(HttpContext& http, RootContext& root);  // gives it its number
  // A call from outside. False: it trapped in the callback of `steps` that ran.
  bool enter(const GuestFunction& function, std::span<const Callback> steps, Scope scope, std::span<Slot> slots);
  void came_back() {
    current_ = effective_ = {};
    log_->end_line();
    if (!to_wake_.empty() && on_wake_) on_wake_(std::exchange(to_wake_, {}));
  }
  // It did not return: it trapped, or its time slice is over. Always false.
  bool stopped(std::span<const Callback> steps);
  void unsuspend() noexcept;
  void cut_callbacks();
  Result<void> configure(RootContext& root);
  Result<void> ask(Callback callback, RootContext& root, std::size_t size);
  Error with_last_line(Error why) const;
  Error trap_error(std::string_view where, const std::string& plugin);
  const GuestFunction& function(Callback callback) const noexcept {
    return functions_[static_cast<std::size_t>(callback)];
  }
  const GuestFunction& function(CallbackSequence sequence) const noexcept {
    return sequences_[static_cast<std::size_t>(sequence)];
  }
  std::span<const Callback> steps(CallbackSequence sequence) const noexcept {
    return spec_->module->sequences[static_cast<std::size_t>(sequence)];
  }

  std::shared_ptr<const VmSpec> spec_;
  PluginState& state_;
  LiveVm live_;
  std::shared_ptr<const Capabilities> capabilities_;  // null: everything
  std::vector<std::string> warned_of_;                // functions
  std::shared_ptr<PluginLog> log_;
  std::shared_ptr<const CompiledModule> code_;  // of the instance
  std::unique_ptr<Instance> instance_;
  GuestMemory memory_;
  GuestFunction allocator_;
  std::array<GuestFunction, kCallbacks> functions_{};
  std::array<GuestFunction, kCallbackSequences> sequences_{};

  std::size_t lane_ = 0;
  Stage stage_ = Stage::kStarting;
  Callback running_ = Callback::kContextCreate;
  static constexpr std::uint32_t kNoStep = 0;
  const std::uint32_t* step_ = &kNoStep;  // of the sequence that runs
  std::uint32_t chosen_at_ = 0;           // the step to which the effective context belongs
  Scope current_;                         // whose callback runs
  Scope effective_;                       // what host calls work on
  bool has_several_plugins_ = false;
  bool is_suspended_ = false;
  std::span<const Callback> suspended_;  // the steps of what is
  std::optional<Error> failure_;
  std::string trap_reason_;  // of a trap that a host call asked for
  std::optional<std::uint32_t> exit_code_;

  ContextTable contexts_;
  std::vector<std::unique_ptr<RootContext>> roots_;
  std::shared_ptr<const VmImage> image_;  // of which it is a copy
  std::vector<std::uint32_t> to_wake_;
  std::function<void(std::vector<std::uint32_t>)> on_wake_;
  std::function<void()> on_done_;
  HttpCalls calls_;
};

}  // namespace sallyport::wasm
