#include "plugins/wasm/vm.h"

#include "plugins/wasm/function_names.h"

#include <algorithm>
#include <span>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kNamedFrames = 6;

std::string name_of(const Frame& frame, const ModuleOutline& outline) {
  if (!frame.function.empty()) return as_log_line(frame.function);
  if (auto name = outline.export_name(frame.index); !name.empty()) return as_log_line(name);
  return "function " + std::to_string(frame.index);
}

// The frames worth naming: those that only carry a panic are left out, unless there are no others.
std::span<const Frame> without_panic(std::span<const Frame> frames) {
  auto first = std::ranges::find_if_not(frames, [](const Frame& frame) { return carries_panic(frame.function); });
  std::span<const Frame> rest(first, frames.end());
  if (rest.empty()) rest = frames;
  return rest.first(std::min(rest.size(), kNamedFrames));
}

std::string described(const Trap& trap, std::string_view host_reason, const ModuleOutline& outline) {
  std::string text = trap.kind == TrapKind::kHost ? std::string(host_reason) : trap.what;
  std::string_view before = " in ";
  for (const Frame& frame : without_panic(trap.frames)) {
    text += before;
    text += name_of(frame, outline);
    before = before == " in " ? ", called by " : " < ";
  }
  return text;
}

// What the callback of an answer is told in its third parameter.
std::uint32_t number_told(const AnsweredCall& answer) {
  switch (answer.callback) {
    case Callback::kGrpcReceive:
      return static_cast<std::uint32_t>(answer.body.size());
    case Callback::kGrpcTrailingMetadata:
      return static_cast<std::uint32_t>(answer.trailers.size());
    case Callback::kGrpcClose:
      return answer.grpc->status;
    default:
      return static_cast<std::uint32_t>(answer.headers.size());
  }
}

std::shared_ptr<const CompiledModule> latest_of(const Module& module) {
  auto latest = module.code->latest();
  return latest ? latest : module.code;
}

}  // namespace

Vm::Vm(std::shared_ptr<const VmSpec> spec, const InstanceLimits& limits, std::shared_ptr<PluginLog> log)
    : spec_(std::move(spec)),
      state_(spec_->state->of(spec_->vm_id())),
      live_(spec_->state->tally(), spec_->vm_id()),
      capabilities_(Capabilities::of(spec_->settings)),
      log_(std::move(log)),
      code_(latest_of(*spec_->module)),
      instance_(code_->make_instance(limits, this)),
      memory_(*instance_),
      calls_(spec_->http_calls, spec_->limits.memory_bytes, state_.calls, *log_, *spec_->clock) {}

Result<std::unique_ptr<Vm>> Vm::start(std::shared_ptr<const VmSpec> spec, std::chrono::nanoseconds cpu_budget,
                                      PluginLog::Mode log) {
  auto its_log = std::make_shared<PluginLog>(spec->plugin, log, *spec->clock, spec->settings.log_limit);
  const InstanceLimits& limits = spec->limits;
  std::unique_ptr<Vm> vm(new Vm(std::move(spec), limits, std::move(its_log)));
  vm->set_cpu_budget(cpu_budget);
  if (!vm->instance_->instantiate()) {
    return fail(vm->with_last_line(vm->trap_error("instantiation", vm->spec_->plugin)));
  }
  vm->find_callbacks();
  if (auto started = vm->run_start_functions(); !started) return fail(vm->with_last_line(std::move(started.error())));
  vm->stage_ = Stage::kRunning;
  vm->log_->remember_last_line(false);
  return vm;
}

void Vm::find_callbacks() {
  const ModuleOutline& outline = spec_->module->outline;
  for (std::size_t i = 0; i < kCallbacks; ++i) {
    if (const ModuleExport* found = kCallbackShapes[i].find(outline)) functions_[i] = instance_->find(found->name);
  }
  allocator_ = instance_->find("proxy_on_memory_allocate");
  if (!allocator_) allocator_ = instance_->find("malloc");
  for (std::size_t i = 0; i < kCallbackSequences; ++i) sequences_[i] = instance_->find_sequence(i);
  step_ = &instance_->step();
}

// Reactors have `_initialize`, commands `_start`; code of very old toolchains has only its constructors.
Result<void> Vm::run_start_functions() {
  const ModuleOutline& outline = spec_->module->outline;
  if (outline.find_function("_initialize")) {
    TRY_STATUS(run("_initialize", 0));
    if (outline.find_function("main")) return run("main", 2);
    if (outline.find_function("__main_void")) return run("__main_void", 0);
    return {};
  }
  if (outline.find_function("_start")) return run("_start", 0);
  if (outline.find_function("__wasm_call_ctors")) return run("__wasm_call_ctors", 0);
  return {};
}

Result<void> Vm::run(std::string_view name, std::size_t params) {
  std::array<Slot, 2> slots{};
  bool returned = instance_->call(instance_->find(name), std::span(slots).first(std::max<std::size_t>(params, 1)));
  log_->end_line();
  if (returned) return {};
  if (exit_code_ == 0u) {  // a command that ends by exit(0) has ended well
    exit_code_.reset();
    instance_->take_trap();
    return {};
  }
  return fail(trap_error(name, spec_->plugin));
}

Result<RootContext*> Vm::add_root(RootConf conf) {
  if (failure_) return fail(*failure_);
  RootContext& root = *roots_.emplace_back(std::make_unique<RootContext>());
  root.conf = std::move(conf);
  has_several_plugins_ = has_several_plugins_ || root.conf.plugin != spec_->plugin;
  root.id = contexts_.add({&root, nullptr});
  log_->remember_last_line(true);
  Result<void> configured = configure(root);
  log_->remember_last_line(false);
  if (configured) return &root;
  if (!failure_) end_root(root);
  return fail(std::move(configured.error()));
}

Result<void> Vm::configure(RootContext& root) {
  if (exports(Callback::kContextCreate) && !call(Callback::kContextCreate, {&root, nullptr}, root.id, 0)) {
    return fail(with_last_line(*failure_));
  }
  TRY_STATUS(ask(Callback::kVmStart, root, spec_->vm_config.size()));
  TRY_STATUS(ask(Callback::kValidateConfiguration, root, root.conf.configuration.size()));
  return ask(Callback::kConfigure, root, root.conf.configuration.size());
}

// A missing callback has nothing against it.
Result<void> Vm::ask(Callback callback, RootContext& root, std::size_t size) {
  if (!exports(callback)) return {};
  auto accepted = call(callback, {&root, nullptr}, root.id, static_cast<std::uint32_t>(size));
  if (!accepted) return fail(with_last_line(*failure_));
  if (*accepted != 0) return {};
  std::string what =
      "plugin " + root.conf.plugin + ": " + std::string(shape_of(callback).name) + " refused the configuration";
  return fail(with_last_line({ErrorCode::kInvalid, std::move(what)}));
}

// Of what it logged while it was configured: authors say there what is wrong, and runtimes why they panicked.
Error Vm::with_last_line(Error why) const {
  if (!log_->last_line().empty()) why.what += "; its last log line: " + log_->last_line();
  return why;
}

bool Vm::ask_to_end(RootContext& root) {
  root.end = RootContext::End::kDone;
  if (failure_ || !exports(Callback::kDone)) return true;
  if (call(Callback::kDone, {&root, nullptr}, root.id) == 0u) root.end = RootContext::End::kWaits;
  return root.end == RootContext::End::kDone;
}

void Vm::note_done(RootContext& root) {
  root.end = RootContext::End::kDone;
  if (on_done_) on_done_();
}

void Vm::end_root(RootContext& root) {
  if (root.end == RootContext::End::kNotAsked) ask_to_end(root);
  if (!failure_ && exports(Callback::kDelete)) call(Callback::kDelete, {&root, nullptr}, root.id);
  calls_.drop(root);
  contexts_.remove(root.id);
  std::erase_if(roots_, [&](const auto& owned) { return owned.get() == &root; });
}

std::vector<RootContext*> Vm::roots() const {
  std::vector<RootContext*> all;
  all.reserve(roots_.size());
  for (const auto& root : roots_) all.push_back(root.get());
  return all;
}

void Vm::add(HttpContext& http, RootContext& root) {
  http.root = &root;
  http.id = contexts_.add({&root, &http});
}

bool Vm::open(HttpContext& http, RootContext& root) {
  add(http, root);
  if (!exports(Callback::kContextCreate)) return true;
  return call(Callback::kContextCreate, {&root, &http}, http.id, root.id).has_value();
}

std::optional<std::uint32_t> Vm::begin(HttpContext& http, RootContext& root, std::uint32_t headers,
                                       std::uint32_t end_of_stream) {
  const GuestFunction& sequence = function(CallbackSequence::kBegin);
  if (!sequence) {
    if (!open(http, root)) return std::nullopt;
    return call(Callback::kRequestHeaders, {&root, &http}, http.id, headers, end_of_stream);
  }
  add(http, root);
  std::array<Slot, 4> slots{{{http.id}, {root.id}, {headers}, {end_of_stream}}};
  if (!enter(sequence, steps(CallbackSequence::kBegin), {&root, &http}, slots)) return std::nullopt;
  return slots[0].u32();
}

void Vm::close(HttpContext& http) {
  const bool begins = !std::exchange(http.ended, true);
  if (failure_) return;
  const Scope scope{http.root, &http};
  if (const GuestFunction& sequence = function(CallbackSequence::kEnd)) {
    std::array<Slot, 1> slots{{{scope.id()}}};
    if (begins) enter(sequence, steps(CallbackSequence::kEnd), scope, slots);
    return;
  }
  constexpr std::array kSteps{Callback::kDone, Callback::kLog, Callback::kDelete};
  while (!failure_ && !is_suspended_ && http.end_steps < kSteps.size()) {
    const Callback callback = kSteps[http.end_steps++];
    if (exports(callback)) call(callback, scope, scope.id());
  }
}

void Vm::forget(HttpContext& http) {
  contexts_.remove(http.id);
  http.id = 0;
}

void Vm::lose_exchanges() {
  calls_.drop_all();
  live_.end();
  step_ = &kNoStep;
  contexts_.for_each([](std::uint32_t, const Scope& scope) {
    if (scope.http) scope.http->lost = true;
  });
  instance_.reset();
}

std::optional<std::uint32_t> Vm::call(Callback callback, Scope scope, std::uint32_t a, std::uint32_t b,
                                      std::uint32_t c) {
  std::array<Slot, 3> slots{{{a}, {b}, {c}}};
  if (!enter(function(callback), {&callback, 1}, scope, slots)) return std::nullopt;
  return slots[0].u32();
}

bool Vm::tell_answer(RootContext& root, std::uint32_t call, const AnsweredCall& answer) {
  if (!exports(answer.callback)) return true;
  std::array<Slot, 5> slots{{{root.id}, {call}, {number_told(answer)}}};
  slots[3].set(static_cast<std::uint32_t>(answer.body.size()));
  slots[4].set(static_cast<std::uint32_t>(answer.trailers.size()));
  const std::size_t params = shape_of(answer.callback).most_params;
  root.answered = &answer;
  bool returned =
      enter(function(answer.callback), {&answer.callback, 1}, {&root, nullptr}, std::span(slots).first(params));
  root.answered = nullptr;
  if (!returned && is_suspended_) root.answered = &answer;
  return returned;
}

bool Vm::enter(const GuestFunction& function, std::span<const Callback> steps, Scope scope, std::span<Slot> slots) {
  running_ = steps.front();
  if (has_several_plugins_) [[unlikely]]
    log_->speak_as(scope.root->conf.plugin);
  current_ = effective_ = scope;
  chosen_at_ = 0;
  if (!instance_->call(function, slots)) [[unlikely]]
    return stopped(steps);
  came_back();
  return true;
}

bool Vm::stopped(std::span<const Callback> steps) {
  if (instance_->is_suspended()) {
    state_.instances.cut();
    if (!std::exchange(is_suspended_, true)) state_.instances.suspended();
    suspended_ = steps.size() == 1 ? std::span<const Callback>(&running_, 1) : steps;
    return false;
  }
  unsuspend();
  Scope scope = std::exchange(current_, {});
  effective_ = {};
  log_->end_line();
  failure_ = trap_error(shape_of(steps[*step_]).name, scope.root->conf.plugin);
  return false;
}

std::optional<std::uint32_t> Vm::go_on() {
  if (has_several_plugins_) log_->speak_as(current_.root->conf.plugin);
  std::array<Slot, 1> slots{};
  if (!instance_->resume(slots)) {
    stopped(suspended_);
    return std::nullopt;
  }
  unsuspend();
  came_back();
  return slots[0].u32();
}

void Vm::unsuspend() noexcept {
  if (std::exchange(is_suspended_, false)) state_.instances.unsuspended();
}

void Vm::abandon() {
  instance_->abandon();
  unsuspend();
  current_ = effective_ = {};
  failure_ = Error{ErrorCode::kPlugin, "plugin " + spec_->plugin + ": its exchange ended before a callback did"};
}

Error Vm::trap_error(std::string_view where, const std::string& plugin) {
  Trap trap = instance_->take_trap();
  spec_->state->tally().trapped(plugin, where, trap.kind);
  std::string what = "plugin " + plugin + ": " + std::string(where) +
                     " trapped: " + described(trap, trap_reason_, spec_->module->outline);
  std::size_t used = memory_.size();
  if (used * 10 >= spec_->limits.memory_bytes * 9) {
    what += "; it uses " + std::to_string(used >> 20) + " MiB of its memory limit of " +
            std::to_string(spec_->limits.memory_bytes >> 20) + " MiB";
  }
  return Error{ErrorCode::kPlugin, std::move(what)};
}

bool Vm::set_effective(std::uint32_t context) {
  if (context == 0) {
    effective_ = current_;
    chosen_at_ = *step_;
    return true;
  }
  const Scope* scope = contexts_.find(context);
  if (!scope) return false;
  effective_ = *scope;
  chosen_at_ = *step_;
  return true;
}

// A direction whose own callback runs is not paused: its filter looks after it.
void Vm::wake_later(HttpContext& http) {
  if (!http.request.is_paused() && !http.response.is_paused()) return;
  if (!std::exchange(http.wake_is_due, true)) to_wake_.push_back(http.id);
}

bool Vm::hears_first_of(std::string_view function) {
  if (std::ranges::find(warned_of_, function) != warned_of_.end()) return false;
  warned_of_.emplace_back(function);
  return true;
}

Status Vm::trap(std::string reason) {
  trap_reason_ = std::move(reason);
  return Status::kTrap;
}

void Vm::exit(std::uint32_t code) {
  if (stage_ == Stage::kStarting) exit_code_ = code;
  trap_reason_ = "the plugin called exit(" + std::to_string(code) + ")";
}

Status Vm::allocate(std::uint32_t size, Block& block) {
  std::array<Slot, 1> slots{{{size}}};
  Stage before = std::exchange(stage_, Stage::kAllocating);
  bool returned = instance_->call(allocator_, slots);
  stage_ = before;
  if (!returned) {
    Trap trap = instance_->take_trap();
    return this->trap("its allocator trapped: " + described(trap, trap_reason_, spec_->module->outline));
  }
  block.at = slots[0].u32();
  block.bytes = block.at == 0 ? nullptr : memory_.write(block.at, size);
  return block.bytes ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status Vm::give(std::string_view value, GuestRange slots) {
  Block block;
  if (!value.empty()) {
    if (Status status = allocate(static_cast<std::uint32_t>(value.size()), block); status != Status::kOk) return status;
    std::memcpy(block.bytes, value.data(), value.size());
  }
  return give_block(block, static_cast<std::uint32_t>(value.size()), slots);
}

Status Vm::give_block(const Block& block, std::uint32_t size, GuestRange slots) {
  bool stored = memory_.store(slots.at, block.at) && memory_.store(slots.size, size);
  return stored ? Status::kOk : Status::kInvalidMemoryAccess;
}

}  // namespace sallyport::wasm
