#pragma once
// Everything about Wasm that lives as long as the process: the engine, compiled modules, the VMs by what makes them
// equal, and the background. `app` makes one; plugin types share it.
//
// All functions belong to the control thread and may wait. A module is compiled and a conf is tried in a VM that
// nobody else sees, on background threads. The first conf of a VmSpec is configured there, too, in a new VM for each
// worker; further ones are configured by the workers, in their live VMs, before the Task ends. A conf that takes a
// large part of a callback's CPU budget gets VMs of its own instead, so that no worker is held up. With `isolation:
// request` the state of one more VM that is configured in the background is what each exchange begins with.

#include "async/mutex.h"
#include "async/task.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/result.h"
#include "plugins/wasm/background.h"
#include "plugins/wasm/engine.h"
#include "plugins/wasm/engine_choice.h"
#include "plugins/wasm/held_vm_ids.h"
#include "plugins/wasm/module.h"
#include "plugins/wasm/module_cache.h"
#include "plugins/wasm/plugin_roots.h"
#include "plugins/wasm/shared_state.h"
#include "plugins/wasm/threads.h"
#include "plugins/wasm/trial_vms.h"
#include "plugins/wasm/vm.h"

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::wasm {

class CodeCache;

// A module that is declared at start.
struct FileToLoad {
  std::string path;
  Isolation isolation = Isolation::kWorker;
};

class Runtime : public std::enable_shared_from_this<Runtime> {
 public:
  // Puts something around an engine before it is used.
  using WrapEngine = std::function<std::shared_ptr<Engine>(std::shared_ptr<Engine>)>;

  // `clock` outlives it. `cache`: where compiled code is kept; null: nowhere. `wrap`: around everything that compiles;
  // none: nothing. `first_tier`: for Wasmtime and modules with `isolation: worker`, where there is a control thread.
  // Error: kInternal when the engine cannot run here.
  static Result<std::shared_ptr<Runtime>> start(Threads threads, const Clock& clock,
                                                EngineKind engine = EngineKind::kWasmtime,
                                                std::shared_ptr<CodeCache> cache = nullptr, const WrapEngine& wrap = {},
                                                FirstTier first_tier = FirstTier::kOff);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Reads and compiles a file, unless its module is known. Error: kInvalid with the path and the reason.
  async::Task<Result<std::shared_ptr<const Module>>> load(std::string path, Isolation isolation = Isolation::kWorker);
  // Compiles files side by side and ends when all are done; as long as the result lives, `load_now` finds them. Null:
  // it says why.
  std::vector<std::shared_ptr<const Module>> preload_now(const std::vector<FileToLoad>& files);
  // As `load`, on the calling thread, for plugins that are declared at start.
  Result<std::shared_ptr<const Module>> load_now(const std::string& path, Isolation isolation = Isolation::kWorker);

  // The module of code with this hash, compiled unless it is known; `name` is what messages call it. `read` gives the
  // code, on another thread. Error: as `load`, or that of `read`.
  async::Task<Result<std::shared_ptr<const Module>>> load_code(std::string name, std::string hash,
                                                               std::function<Result<std::string>()> read,
                                                               Isolation isolation = Isolation::kWorker);

  // Starts a throw-away VM, without a conf. Error: kInvalid with the reason.
  async::Task<Result<void>> try_start(VmSpec spec);

  // A conf, tried and configured on every worker. `resource` is where it stands ("routes/1"): the same conf there
  // keeps its root contexts. Error: kInvalid with the reason.
  async::Task<Result<std::shared_ptr<PluginRoots>>> configure(VmSpec spec, RootConf conf, std::string resource);

  const Clock& clock() const noexcept { return clock_; }
  // What plugins keep beyond their VMs.
  SharedState& state() noexcept { return *state_; }
  HeldVmIds& vm_ids() noexcept { return vm_ids_; }

 private:
  using ModulePtr = std::shared_ptr<const Module>;
  using FirstVms = std::vector<std::pair<std::unique_ptr<Vm>, RootContext*>>;
  using Roots = std::shared_ptr<PluginRoots>;
  // An engine, and what it has compiled.
  struct Compiling {
    std::shared_ptr<Engine> engine;
    ModuleCache modules;
  };

  Runtime(Threads threads, const Clock& clock, std::shared_ptr<Engine> of_worker, std::shared_ptr<Engine> of_request);

  Result<TrialCosts> try_out(std::shared_ptr<const VmSpec> spec, const RootConf& conf);
  static Result<std::shared_ptr<const VmImage>> take_image(std::shared_ptr<const VmSpec> spec, RootConf conf);
  static Result<FirstVms> make_vms(std::shared_ptr<const VmSpec> spec, RootConf conf, std::size_t count);
  async::Task<Result<Roots>> make_group(std::shared_ptr<const VmSpec> spec, RootConf conf, TrialCosts costs);
  async::Task<Result<Roots>> join_group(std::shared_ptr<const VmGroup> group, RootConf conf);
  async::Task<Result<void>> join_workers(Roots roots);
  void begin_duties(const Roots& roots);
  std::shared_ptr<async::Mutex> turn_of(const std::string& hash);
  void use_first_tier(std::shared_ptr<Engine> quick, std::shared_ptr<Engine> optimising);
  async::Task<void> renew(std::shared_ptr<const CompiledModule> code, std::chrono::nanoseconds after);
  Post post_to_builder() const;
  Compiling& compiling(Isolation isolation) noexcept { return compiling_[static_cast<std::size_t>(isolation)]; }

  template <class T>
  async::Task<T> away(Background* background, std::move_only_function<T()> work);

  Threads threads_;
  const Clock& clock_;
  std::array<Compiling, 2> compiling_;  // by Isolation
  std::shared_ptr<SharedState> state_;
  HeldVmIds vm_ids_;
  std::vector<std::shared_ptr<SliceTurns>> turns_;                    // of the workers
  std::vector<std::shared_ptr<LingeringVms>> lingering_;              // of the workers
  std::map<std::string, std::weak_ptr<async::Mutex>> turns_of_code_;  // by hash
  async::Mutex configuring_;                                          // so that two first confs do not make two groups
  std::map<std::string, std::weak_ptr<const VmGroup>> groups_;
  std::map<std::string, std::weak_ptr<PluginRoots>> roots_;
  TrialVms trials_;                       // of the builder's thread
  std::unique_ptr<Background> compiler_;  // none without a control thread
  std::unique_ptr<Background> builder_;
  std::unique_ptr<Background> optimiser_;  // with a first tier
  async::TaskGroup renewals_;
};

}  // namespace sallyport::wasm
