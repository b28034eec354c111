#include "plugins/wasm/runtime.h"

#include "async/event.h"
#include "base/log.h"
#include "plugins/wasm/cached_engine.h"
#include "plugins/wasm/cpu_time.h"
#include "plugins/wasm/tiered_engine.h"
#include "plugins/wasm/wasmtime_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace sallyport::wasm {
namespace {

constexpr int kCompilerNiceness = 10;
constexpr int kBuilderNiceness = 5;
constexpr std::chrono::milliseconds kCheapStart{1};  // below this a worker may start a Vm itself
constexpr int kShareOfBudget = 4;                    // a worker configures what took less than this part of a budget

std::string key_of(const VmSettings& settings) {
  std::string key = std::to_string(settings.log_limit) + '/' + std::to_string(settings.metric_limit) + '/' +
                    std::to_string(static_cast<int>(settings.restart));
  if (settings.capabilities) key += fmt::format("/{}", fmt::join(*settings.capabilities, ","));
  for (const auto& [name, value] : settings.env) key += '\0' + name + '=' + value;
  return key;
}

std::string key_of(const VmSpec& spec) {
  std::string key = spec.vm_id();
  for (const std::string& part :
       {spec.module->hash, std::to_string(static_cast<int>(spec.isolation())), std::to_string(spec.max_instances),
        std::to_string(spec.max_metrics), std::to_string(spec.is_fair), std::to_string(spec.resets),
        std::to_string(spec.limits.memory_bytes), std::to_string(spec.limits.cpu_budget.count()),
        std::to_string(spec.start_budget.count()), std::to_string(spec.http_calls.max_calls),
        std::to_string(spec.http_calls.max_answer_bytes), key_of(spec.settings), spec.vm_config}) {
    key += '\0';
    key += part;
  }
  return key;
}

std::string key_of(const VmSpec& spec, const RootConf& conf, const std::string& resource) {
  std::string key = resource;
  for (const std::string& part : {conf.plugin, conf.root_id, conf.configuration, key_of(spec)}) {
    key += '\0';
    key += part;
  }
  for (const std::string& host : conf.call_hosts) key += '\0' + host;
  return key;
}

template <class Map>
void erase_expired(Map& map) {
  std::erase_if(map, [](const auto& entry) { return entry.second.expired(); });
}

// On its worker.
Result<void> join_now(WorkerRoot& root) {
  root.join();
  if (root.prepare() == WorkerVm::State::kFailed) return fail(root.failure());
  return {};
}

// Null when something is wrong with it.
std::shared_ptr<const Module> compile_file(Engine& engine, const FileToLoad& wanted) {
  auto file = read_module_file(engine, wanted.path);
  if (!file) return nullptr;
  auto module = compile_module(engine, *file, wanted.isolation);
  return module ? std::move(*module) : nullptr;
}

// Whoever refuses a conf or a module refuses what the user wrote.
std::unexpected<Error> refusal(Error error) {
  error.code = ErrorCode::kInvalid;
  return fail(std::move(error));
}

}  // namespace

Result<std::shared_ptr<Runtime>> Runtime::start(Threads threads, const Clock& clock, EngineKind engine,
                                                std::shared_ptr<CodeCache> cache, const WrapEngine& wrap,
                                                FirstTier first_tier) {
  auto quick = engine == EngineKind::kWasmtime && first_tier == FirstTier::kAuto && threads.control
                   ? make_wasmtime_engine(InstancePlaces::kPool, CodeForm::kQuick)
                   : fail(ErrorCode::kUnavailable, "");
  std::shared_ptr<Engine> optimising;
  if (quick) {
    TRY(optimising, make_wasmtime_engine(InstancePlaces::kPool, CodeForm::kMachine, CompilingThreads::kOne));
  }
  TRY(std::shared_ptr<Engine> of_worker, make_engine(engine, Isolation::kWorker));
  TRY(std::shared_ptr<Engine> of_request, make_engine(engine, Isolation::kRequest));
  if (!keeps_code(engine)) cache = nullptr;
  if (cache) of_worker = with_cache(std::move(of_worker), cache);
  if (cache && optimising) optimising = with_cache(std::move(optimising), cache);
  if (cache) of_request = with_cache(std::move(of_request), std::move(cache));
  if (wrap) of_worker = wrap(std::move(of_worker));
  if (wrap) of_request = wrap(std::move(of_request));
  std::shared_ptr<Runtime> runtime(new Runtime(std::move(threads), clock, std::move(of_worker), std::move(of_request)));
  if (quick) runtime->use_first_tier(std::move(*quick), std::move(optimising));
  return runtime;
}

// Optimising happens on a thread of its own, so that what comes next is not kept waiting.
void Runtime::use_first_tier(std::shared_ptr<Engine> quick, std::shared_ptr<Engine> optimising) {
  optimiser_ = std::make_unique<Background>(kCompilerNiceness);
  Tiers tiers;
  tiers.quick = std::move(quick);
  tiers.optimising = std::move(optimising);
  tiers.at_once = compiling(Isolation::kWorker).engine;
  tiers.later = [optimiser = optimiser_.get()](Message job) { optimiser->post(std::move(job)); };
  tiers.done = [weak = weak_from_this(), control = threads_.control](const auto& code, auto after) {
    control([weak, code, after] {
      auto self = weak.lock();
      if (!self) return;
      self->state_->tally().optimised();
      self->renewals_.spawn(self->renew(code, after));
    });
  };
  compiling(Isolation::kWorker).engine = with_first_tier(std::move(tiers));
}

// The VMs of every conf whose module has this code. One that is being made at the moment comes first.
async::Task<void> Runtime::renew(std::shared_ptr<const CompiledModule> code, std::chrono::nanoseconds after) {
  async::Mutex::Lock lock = co_await configuring_.lock();
  std::set<std::shared_ptr<const VmGroup>> groups;
  for (const auto& [key, weak] : roots_) {
    auto roots = weak.lock();
    if (roots && roots->spec().module->code == code) groups.insert(roots->group());
  }
  std::set<std::string> told;
  for (const auto& group : groups) {
    if (told.insert(group->spec->vm_id()).second)
      log::info("plugin {}: its optimised code takes the place of that of the first tier after {} ms",
                group->spec->vm_id(), std::chrono::duration_cast<std::chrono::milliseconds>(after).count());
    for (std::size_t i = 0; i < group->vms.size(); ++i) {
      threads_.workers[i]([vm = group->vms[i]] { vm->renew(); });
    }
  }
}

Runtime::Runtime(Threads threads, const Clock& clock, std::shared_ptr<Engine> of_worker,
                 std::shared_ptr<Engine> of_request)
    : threads_(std::move(threads)),
      clock_(clock),
      compiling_{Compiling{std::move(of_worker), {}}, Compiling{std::move(of_request), {}}},
      state_(std::make_shared<SharedState>(clock, SharedStateLimits{}, threads_.workers.size() + 1)) {
  for (const Post& worker : threads_.workers) {
    turns_.push_back(std::make_shared<SliceTurns>(worker));
    lingering_.push_back(std::make_shared<LingeringVms>());
  }
  if (!threads_.control) return;
  compiler_ = std::make_unique<Background>(kCompilerNiceness);
  builder_ = std::make_unique<Background>(kBuilderNiceness, [this] { trials_.clear(); });
}

// Does `work` in the background and comes back to the control thread with its result.
template <class T>
async::Task<T> Runtime::away(Background* background, std::move_only_function<T()> work) {
  if (!background) co_return work();
  struct Pending {
    async::Event done;
    std::optional<T> result;
  };
  auto pending = std::make_shared<Pending>();
  background->post([pending, work = std::move(work), control = threads_.control]() mutable {
    pending->result.emplace(work());
    control([pending] { pending->done.set(); });
  });
  co_await pending->done;
  co_return std::move(*pending->result);
}

async::Task<Result<std::shared_ptr<const Module>>> Runtime::load(std::string path, Isolation isolation) {
  auto& [engine, modules] = compiling(isolation);
  FileStamp stamp = stamp_of(path);
  if (ModulePtr known = modules.find_by_stamp(path, stamp)) co_return known;
  std::move_only_function<Result<ModuleFile>()> read = [engine = engine, path] {
    return read_module_file(*engine, path);
  };
  CO_TRY(ModuleFile file, co_await away(compiler_.get(), std::move(read)));
  ModulePtr module = modules.find_by_hash(file.hash);
  if (!module) {
    std::move_only_function<Result<ModulePtr>()> compile = [engine = engine, file = std::move(file), isolation] {
      return compile_module(*engine, file, isolation);
    };
    CO_TRY(module, co_await away(compiler_.get(), std::move(compile)));
  }
  modules.remember(path, stamp, module);
  co_return module;
}

std::vector<Runtime::ModulePtr> Runtime::preload_now(const std::vector<FileToLoad>& files) {
  std::vector<FileStamp> stamps;
  std::vector<ModulePtr> modules;
  for (const FileToLoad& file : files) {
    stamps.push_back(stamp_of(file.path));
    modules.push_back(compiling(file.isolation).modules.find_by_stamp(file.path, stamps.back()));
  }
  std::atomic<std::size_t> next = 0;
  auto compile_some = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      if (!modules[i]) modules[i] = compile_file(*compiling(files[i].isolation).engine, files[i]);
    }
  };
  std::vector<std::thread> helpers;
  const std::size_t threads = std::min<std::size_t>(files.size(), std::max(1u, std::thread::hardware_concurrency()));
  for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(compile_some);
  compile_some();
  for (std::thread& helper : helpers) helper.join();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (modules[i]) compiling(files[i].isolation).modules.remember(files[i].path, stamps[i], modules[i]);
  }
  return modules;
}

Result<std::shared_ptr<const Module>> Runtime::load_now(const std::string& path, Isolation isolation) {
  auto& [engine, modules] = compiling(isolation);
  FileStamp stamp = stamp_of(path);
  if (ModulePtr known = modules.find_by_stamp(path, stamp)) return known;
  TRY(ModuleFile file, read_module_file(*engine, path));
  ModulePtr module = modules.find_by_hash(file.hash);
  if (!module) {
    TRY(module, compile_module(*engine, file, isolation));
  }
  modules.remember(path, stamp, module);
  return module;
}

// Whoever loads code of one hash comes one after the other, so that it is compiled once.
std::shared_ptr<async::Mutex> Runtime::turn_of(const std::string& hash) {
  erase_expired(turns_of_code_);
  std::weak_ptr<async::Mutex>& known = turns_of_code_[hash];
  std::shared_ptr<async::Mutex> turn = known.lock();
  if (!turn) known = turn = std::make_shared<async::Mutex>();
  return turn;
}

async::Task<Result<std::shared_ptr<const Module>>> Runtime::load_code(std::string name, std::string hash,
                                                                      std::function<Result<std::string>()> read,
                                                                      Isolation isolation) {
  auto& [engine, modules] = compiling(isolation);
  std::shared_ptr<async::Mutex> turn = turn_of(hash);
  async::Mutex::Lock lock = co_await turn->lock();
  ModulePtr module = modules.find_by_hash(hash);
  if (module) co_return module;
  std::move_only_function<Result<ModulePtr>()> compile = [engine = engine, name, hash, read = std::move(read),
                                                          isolation]() -> Result<ModulePtr> {
    TRY(std::string bytes, read());
    return compile_module(*engine, ModuleFile{name, std::move(bytes), hash}, isolation);
  };
  CO_TRY(module, co_await away(compiler_.get(), std::move(compile)));
  modules.remember("sha256:" + hash, FileStamp{}, module);
  co_return module;
}

async::Task<Result<void>> Runtime::try_start(VmSpec wanted) {
  wanted.clock = &clock_;
  wanted.state = std::make_shared<SharedState>(state_);
  auto spec = std::make_shared<const VmSpec>(std::move(wanted));
  std::move_only_function<Result<void>()> start = [spec]() -> Result<void> {
    auto vm = Vm::start(spec, spec->start_budget, PluginLog::Mode::kKeep);
    if (vm) return {};
    return refusal(std::move(vm.error()));
  };
  co_return co_await away(builder_.get(), std::move(start));
}

async::Task<Result<std::shared_ptr<PluginRoots>>> Runtime::configure(VmSpec wanted, RootConf conf,
                                                                     std::string resource) {
  async::Mutex::Lock lock = co_await configuring_.lock();
  wanted.clock = &clock_;
  wanted.state = state_;
  auto spec = std::make_shared<const VmSpec>(std::move(wanted));
  std::string roots_key = key_of(*spec, conf, resource);
  if (auto found = roots_.find(roots_key); found != roots_.end()) {
    if (Roots roots = found->second.lock()) co_return roots;
  }
  std::move_only_function<Result<TrialCosts>()> trial = [this, spec, conf] { return try_out(spec, conf); };
  CO_TRY(const TrialCosts costs, co_await away(builder_.get(), std::move(trial)));
  std::shared_ptr<const VmImage> image;
  if (spec->isolation() == Isolation::kRequest) {
    std::move_only_function<Result<std::shared_ptr<const VmImage>>()> take = [spec, conf] {
      return take_image(spec, conf);
    };
    CO_TRY(image, co_await away(builder_.get(), std::move(take)));
  }

  bool is_heavy = costs.configure * kShareOfBudget > spec->limits.cpu_budget;
  std::string group_key = key_of(*spec);
  auto known = groups_.find(group_key);
  auto group = known == groups_.end() || is_heavy ? nullptr : known->second.lock();
  Roots roots;
  if (group) {
    CO_TRY(roots, co_await join_group(std::move(group), std::move(conf)));
  } else {
    CO_TRY(roots, co_await make_group(spec, std::move(conf), costs));
    if (!is_heavy) groups_[group_key] = roots->group();
  }
  roots->copy_from(std::move(image));
  if (std::has_single_bit(roots_.size())) {  // for each of ten thousand confs it would be most of the work
    erase_expired(groups_);
    erase_expired(roots_);
  }
  roots_[roots_key] = roots;
  co_return roots;
}

// Admission: everything that a worker will do with it.
Result<TrialCosts> Runtime::try_out(std::shared_ptr<const VmSpec> spec, const RootConf& conf) {
  auto costs = trials_.try_out(spec->plugin + '\0' + key_of(*spec), spec, conf);
  if (!builder_) trials_.clear();
  return costs;
}

// What copies of it ask of the host goes to what all VMs share, under the numbers that this one has been given.
Result<std::shared_ptr<const VmImage>> Runtime::take_image(std::shared_ptr<const VmSpec> spec, RootConf conf) {
  auto vm = Vm::start(spec, spec->start_budget, PluginLog::Mode::kKeep);
  if (!vm) return refusal(std::move(vm.error()));
  auto root = (*vm)->add_root(std::move(conf));
  if (!root) return refusal(std::move(root.error()));
  auto image = (*vm)->capture(**root);
  if (image) return image;
  return fail(ErrorCode::kInternal, "plugin " + spec->plugin + ": no file in memory for the state of its VM");
}

Result<Runtime::FirstVms> Runtime::make_vms(std::shared_ptr<const VmSpec> spec, RootConf conf, std::size_t count) {
  FirstVms vms;
  for (std::size_t i = 0; i < count; ++i) {
    auto vm = Vm::start(spec, spec->start_budget);
    if (!vm) return refusal(std::move(vm.error()));
    auto root = (*vm)->add_root(conf);
    if (!root) return refusal(std::move(root.error()));
    vms.emplace_back(std::move(*vm), *root);
  }
  return vms;
}

async::Task<Result<std::shared_ptr<PluginRoots>>> Runtime::make_group(std::shared_ptr<const VmSpec> spec, RootConf conf,
                                                                      TrialCosts costs) {
  std::move_only_function<Result<FirstVms>()> make = [spec, conf, count = threads_.workers.size()] {
    return make_vms(spec, conf, count);
  };
  CO_TRY(FirstVms first, co_await away(builder_.get(), std::move(make)));
  auto group = std::make_shared<VmGroup>();
  group->spec = spec;
  std::vector<std::unique_ptr<WorkerRoot>> roots;
  bool is_cheap = costs.start + costs.configure < kCheapStart;
  for (std::size_t i = 0; i < first.size(); ++i) {
    StartTimer start_timer = threads_.timers.empty() ? StartTimer() : threads_.timers[i];
    WorkerVm::Ports ports{threads_.workers[i],
                          post_to_builder(),
                          std::move(start_timer),
                          i + 1,
                          threads_.http_clients.empty() ? FindHttpClient() : threads_.http_clients[i],
                          turns_[i],
                          lingering_[i]};
    auto& vm = group->vms.emplace_back(std::make_shared<WorkerVm>(spec, std::move(ports), is_cheap));
    vm->adopt(std::move(first[i].first));
    roots.push_back(std::make_unique<WorkerRoot>(vm, conf));
    roots.back()->join(first[i].second);
    if (spec->isolation() == Isolation::kRequest) {
      group->sandboxes.push_back(std::make_unique<SandboxPool>(spec, vm->ports(), spec->max_instances));
    }
  }
  auto all = std::make_shared<PluginRoots>(std::move(group), threads_.workers, std::move(roots));
  begin_duties(all);
  co_return all;
}

// What they asked for in the background, each on its worker.
void Runtime::begin_duties(const Roots& roots) {
  for (std::size_t i = 0; i < roots->size(); ++i) {
    Message begin = [i, roots] { roots->at(i).begin_duties(); };
    threads_.control ? threads_.workers[i](std::move(begin)) : begin();
  }
}

Post Runtime::post_to_builder() const {
  if (!builder_) return {};
  return [builder = builder_.get()](Message job) { builder->post(std::move(job)); };
}

async::Task<Result<std::shared_ptr<PluginRoots>>> Runtime::join_group(std::shared_ptr<const VmGroup> group,
                                                                      RootConf conf) {
  std::vector<std::unique_ptr<WorkerRoot>> made;
  for (const auto& vm : group->vms) made.push_back(std::make_unique<WorkerRoot>(vm, conf));
  auto roots = std::make_shared<PluginRoots>(group, threads_.workers, std::move(made));
  CO_TRY_STATUS(co_await join_workers(roots));
  co_return roots;
}

// Every worker configures its root in its live Vm. One whose Vm is just being replaced does so later.
async::Task<Result<void>> Runtime::join_workers(Roots roots) {
  struct Pending {
    async::Event done;
    std::size_t left = 0;
    Result<void> result;
  };
  auto pending = std::make_shared<Pending>();
  pending->left = roots->size();
  for (std::size_t i = 0; i < roots->size(); ++i) {
    Message join = [this_worker = i, roots, pending, control = threads_.control] {
      Result<void> joined = join_now(roots->at(this_worker));
      Message told = [pending, joined = std::move(joined)] {
        if (!joined && pending->result) pending->result = joined;
        if (--pending->left == 0) pending->done.set();
      };
      control ? control(std::move(told)) : told();
    };
    threads_.control ? threads_.workers[i](std::move(join)) : join();
  }
  if (pending->left > 0) co_await pending->done;
  co_return pending->result;
}

}  // namespace sallyport::wasm
