#include "plugins/wasm/worker_vm.h"

#include "base/log.h"
#include "plugins/wasm/cpu_time.h"

#include <algorithm>
#include <array>

namespace sallyport::wasm {
namespace {

constexpr std::chrono::seconds kRetryDelay{1};      // after a start that failed
constexpr std::chrono::seconds kLongestLinger{30};  // of a root that has something to finish
constexpr std::chrono::seconds kLookAgain{1};       // whether it is over

// An answer is for the response first: a request that is answered breaks off the response that is under way.
constexpr std::array kDirections{&HttpContext::response, &HttpContext::request};

// A direction that does not know yet that its Vm has failed; null: both do.
StreamControl* untold(HttpContext& http) {
  for (auto direction : kDirections) {
    if (!(http.*direction).told_of_loss) return &(http.*direction);
  }
  return nullptr;
}

}  // namespace

WorkerVm::WorkerVm(std::shared_ptr<const VmSpec> spec, Ports ports, bool cheap)
    : spec_(std::move(spec)),
      ports_(std::move(ports)),
      cheap_(cheap || !ports_.builder),
      pacer_(spec_->settings.restart) {}

void WorkerVm::adopt(std::unique_ptr<Vm> vm) {
  vm_ = std::move(vm);
  told_of_wait_ = false;
  pacer_.started(spec_->clock->steady(), {});
  vm_->set_cpu_budget(spec_->limits.cpu_budget);
  vm_->set_lane(ports_.lane);
  vm_->on_wake([this](std::vector<std::uint32_t> contexts) { wake_soon(std::move(contexts)); });
  vm_->on_done([this] { end_soon(); });
  vm_->calls().open(ports_.http_client,
                    [this, vm = vm_.get()](RootContext& root, std::uint32_t call, AnsweredCall answer) {
                      tell_answer(*vm, root, call, std::move(answer));
                    });
}

// Only calls of the present Vm are answered.
void WorkerVm::tell_answer(Vm& vm, RootContext& root, std::uint32_t call, AnsweredCall answer) {
  if (spec_->is_fair) return answering_.spawn(tell_in_slices(vm, root, call, std::move(answer)));
  const bool goes_on = vm.tell_answer(root, call, answer);
  if (&vm != vm_.get()) end_soon();
  if (goes_on) return vm.calls().go_on(call);
  log::error("{}", vm.failure()->what);
  discard(vm);
}

// A callback that is suspended comes first. A Vm that is lost meanwhile is told nothing.
async::Task<void> WorkerVm::tell_in_slices(Vm& vm, RootContext& root, std::uint32_t call, AnsweredCall answer) {
  while (vm_.get() == &vm && vm.is_suspended()) co_await ports_.turns->next();
  if (vm_.get() != &vm) co_return;
  vm.tell_answer(root, call, answer);
  while (vm_.get() == &vm && vm.is_suspended()) {
    co_await ports_.turns->next();
    if (vm_.get() == &vm) vm.go_on();
  }
  if (vm_.get() != &vm) co_return;
  root.answered = nullptr;
  if (!vm.failure()) co_return vm.calls().go_on(call);
  log::error("{}", vm.failure()->what);
  discard();
}

void WorkerVm::wake_soon(std::vector<std::uint32_t> contexts) {
  ports_.worker([weak = weak_from_this(), contexts = std::move(contexts)] {
    if (auto self = weak.lock()) self->wake(contexts);
  });
}

WorkerVm::State WorkerVm::prepare() {
  if (vm_) return State::kReady;
  if (building_) return State::kBuilding;
  if (spec_->clock->steady() < retry_at_ || must_wait()) return State::kFailed;
  if (!cheap_) {
    start_building();
    return State::kBuilding;
  }
  auto begun = thread_cpu_time();
  auto vm = Vm::start(spec_, spec_->limits.cpu_budget);
  pacer_.started(spec_->clock->steady(), thread_cpu_time() - begun);
  if (!vm) {
    fail_for_now(std::move(vm.error()));
    return State::kFailed;
  }
  adopt(std::move(*vm));
  spec_->state->tally().restarted(spec_->vm_id());
  return State::kReady;
}

async::Task<void> WorkerVm::built() {
  struct Waiting {
    WorkerVm& vm;
    async::Event event;
    explicit Waiting(WorkerVm& its_vm) : vm(its_vm) { vm.waiting_.push_back(&event); }
    ~Waiting() { std::erase(vm.waiting_, &event); }
  };
  Waiting waiting(*this);
  if (building_) co_await waiting.event;
}

bool WorkerVm::must_wait() {
  auto wait = pacer_.next() - spec_->clock->steady();
  if (wait <= SteadyTime::duration::zero()) return false;
  if (std::exchange(told_of_wait_, true)) return true;
  auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
  failure_.what += "; its VM is started again after a while";
  log::warn("plugin {}: its VM failed and is started again in {} ms at the earliest", spec_->vm_id(),
            milliseconds.count());
  return true;
}

// Its exchanges are woken by a message: now, one of them is at work.
void WorkerVm::discard(Vm& vm) {
  failure_ = *vm.failure();
  const bool is_retired = &vm != vm_.get();
  if (!is_retired) {
    for (WorkerRoot* root : roots_) root->move_to(nullptr);
  }
  vm.lose_exchanges();
  auto retired = std::ranges::find(retired_, &vm, [](const auto& one) { return one.get(); });
  failed_.push_back(std::move(is_retired ? *retired : vm_));
  if (is_retired) retired_.erase(retired);
  ports_.worker([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->wake_lost();
  });
  if (is_retired || building_) return;
  if (!cheap_ && !must_wait())
    start_building();
  else
    revive_later();
}

void WorkerVm::forget(Vm& vm, HttpContext& http) {
  vm.forget(http);
  if (&vm == vm_.get()) return;
  std::erase_if(failed_, [](const auto& failed) { return !failed->has_exchanges(); });
  if (!retired_.empty()) end_soon();
}

void WorkerVm::renew() {
  is_outdated_ = building_;
  if (building_ || !vm_) return;
  if (ports_.builder)
    start_building();
  else
    finish_building(build(spec_, confs_of_roots()));
}

void WorkerVm::retire() {
  vm_->retire();
  retired_.push_back(std::move(vm_));
  end_soon();
}

// Not inside a callback.
void WorkerVm::end_soon() {
  ports_.worker([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->end_what_is_over();
  });
}

// Roots that are done or were waited for long enough, and retired VMs of which nothing is left.
void WorkerVm::end_what_is_over() {
  const auto self = shared_from_this();
  const auto over = std::move(linger_timer_);
  bool waits = vm_ && end_roots(*vm_, Roots::kAsked);
  if (vm_ && vm_->failure()) discard();
  for (auto& vm : retired_) {
    const bool is_used = vm->has_exchanges() || vm->calls().awaited() != 0;
    const bool vm_waits = end_roots(*vm, is_used ? Roots::kAsked : Roots::kAll);
    if (vm->failure()) log::error("{}", vm->failure()->what);
    if (!is_used && !vm_waits) vm.reset();
    waits = waits || vm_waits;
  }
  std::erase(retired_, nullptr);
  auto lingering = ports_.lingering.lock();
  if (!waits && lingering) lingering->erase(self);
}

// True: some stay, since the guest has something to finish.
bool WorkerVm::end_roots(Vm& vm, Roots which) {
  bool waits = false;
  for (RootContext* root : vm.roots()) {
    if (vm.failure()) return false;
    const bool is_meant = which == Roots::kAll || root->end != RootContext::End::kNotAsked;
    if (is_meant && end_or_wait(vm, *root)) waits = true;
  }
  return waits;
}

// True: it stays.
bool WorkerVm::end_or_wait(Vm& vm, RootContext& root) {
  const auto lingering = ports_.lingering.lock();
  const SteadyTime now = spec_->clock->steady();
  if (root.end == RootContext::End::kNotAsked && !vm.ask_to_end(root)) root.waits_until = now + kLongestLinger;
  if (root.end == RootContext::End::kWaits && lingering && ports_.start_timer) {
    if (now < root.waits_until) {
      lingering->insert(shared_from_this());
      if (!linger_timer_) linger_timer_ = ports_.start_timer(kLookAgain, [this] { end_what_is_over(); });
      return true;
    }
    log::warn("plugin {}: proxy_done did not come within {} s after a proxy_on_done that said 0; its conf ends without",
              root.conf.plugin, kLongestLinger.count());
  }
  vm.end_root(root);
  return false;
}

void WorkerVm::end_root(RootContext& root) {
  end_or_wait(*vm_, root);
  if (vm_->failure()) discard();
}

std::uint64_t WorkerVm::add(WorkerRoot& root) {
  roots_.push_back(&root);
  return ++last_root_;
}

void WorkerVm::remove(WorkerRoot& root) {
  std::erase(roots_, &root);
  if (std::ranges::none_of(roots_, &WorkerRoot::has_duties)) revival_.reset();
}

void WorkerVm::revive_later() {
  if (revival_ || !ports_.start_timer || std::ranges::none_of(roots_, &WorkerRoot::has_duties)) return;
  revival_ = ports_.start_timer(kRetryDelay, [this] { revive(); });
}

void WorkerVm::revive() {
  auto over = std::move(revival_);
  bool is_complete = true;
  for (WorkerRoot* root : std::vector(roots_)) {
    if (root->has_duties() && root->prepare() == State::kFailed) is_complete = false;
  }
  if (!is_complete) revive_later();
}

Result<WorkerVm::Built> WorkerVm::build(std::shared_ptr<const VmSpec> spec, RootConfs confs) {
  Built built;
  auto begun = thread_cpu_time();
  TRY(built.vm, Vm::start(spec, spec->start_budget));
  for (auto& [number, conf] : confs) {
    auto root = built.vm->add_root(std::move(conf));
    if (built.vm->failure()) return fail(*built.vm->failure());
    if (root) built.roots.emplace_back(number, *root);
  }
  built.cost = thread_cpu_time() - begun;
  return built;
}

WorkerVm::RootConfs WorkerVm::confs_of_roots() const {
  RootConfs confs;
  for (const WorkerRoot* root : roots_) confs.emplace_back(root->number(), root->conf());
  return confs;
}

void WorkerVm::start_building() {
  building_ = true;
  ports_.builder([weak = weak_from_this(), spec = spec_, confs = confs_of_roots(), post = ports_.worker]() mutable {
    auto built = std::make_shared<Result<Built>>(build(std::move(spec), std::move(confs)));
    post([weak, built] {
      if (auto self = weak.lock()) self->finish_building(std::move(*built));
    });
  });
}

// With a Vm that is well it is a renewal, which may fail: then that one stays.
void WorkerVm::finish_building(Result<Built> built) {
  building_ = false;
  if (built)
    begin_with(std::move(*built));
  else if (vm_)
    log::warn("plugin {}: its VM is not renewed: {}", spec_->vm_id(), built.error().what);
  else
    fail_for_now(std::move(built.error()));
  for (async::Event* event : std::exchange(waiting_, {})) event->set();
  if (std::exchange(is_outdated_, false)) renew();
}

void WorkerVm::begin_with(Built built) {
  pacer_.started(spec_->clock->steady(), built.cost);
  if (vm_) {
    built.vm->number_after(*vm_);
    retire();
  } else {
    spec_->state->tally().restarted(spec_->vm_id());
  }
  adopt(std::move(built.vm));
  for (WorkerRoot* root : roots_) {
    auto made = std::ranges::find(built.roots, root->number(), [](const auto& one) { return one.first; });
    root->move_to(made == built.roots.end() ? nullptr : made->second);
  }
  auto is_gone = [this](const auto& made) {
    return std::ranges::find(roots_, made.first, &WorkerRoot::number) == roots_.end();
  };
  for (const auto& made : built.roots) {
    if (is_gone(made)) end_or_wait(*vm_, *made.second);
  }
  if (vm_->failure()) discard();
  auto is_missing = [](const WorkerRoot* one) { return one->has_duties() && !one->is_alive(); };
  if (std::ranges::any_of(roots_, is_missing)) revive_later();
}

void WorkerVm::fail_for_now(Error error) {
  failure_ = std::move(error);
  retry_at_ = spec_->clock->steady() + kRetryDelay;
  log::error("{}; it is tried again in a second", failure_.what);
  revive_later();
}

HttpContext* WorkerVm::find_exchange(std::uint32_t context) const {
  const Scope* scope = vm_ ? vm_->contexts().find(context) : nullptr;
  for (auto retired = retired_.begin(); retired != retired_.end() && !(scope && scope->http); ++retired) {
    scope = (*retired)->contexts().find(context);
  }
  return scope ? scope->http : nullptr;
}

// Waking a direction may end the exchange.
void WorkerVm::wake(const std::vector<std::uint32_t>& contexts) {
  for (std::uint32_t id : contexts) {
    if (HttpContext* http = find_exchange(id)) http->wake_is_due = false;
    for (auto direction : kDirections) {
      if (HttpContext* http = find_exchange(id)) http->wake(http->*direction);
    }
  }
}

// Waking an exchange may end it and others, and with the last one its Vm.
void WorkerVm::wake_lost() {
  auto self = shared_from_this();
  for (;;) {
    HttpContext* next = nullptr;
    for (const auto& vm : failed_) {
      vm->contexts().for_each([&](std::uint32_t, const Scope& scope) {
        if (scope.http && scope.http->lost && untold(*scope.http)) next = scope.http;
      });
    }
    if (!next) break;
    StreamControl& control = *untold(*next);
    control.told_of_loss = true;
    next->wake(control);
  }
  std::erase_if(failed_, [](const auto& failed) { return !failed->has_exchanges(); });
}

WorkerRoot::~WorkerRoot() {
  if (number_ != 0) vm_->remove(*this);
}

void WorkerRoot::join(RootContext* context) {
  number_ = vm_->add(*this);
  context_ = context;
}

WorkerVm::State WorkerRoot::prepare_slowly() {
  WorkerVm::State state = vm_->prepare();
  if (state == WorkerVm::State::kFailed) failure_ = vm_->failure();
  if (state != WorkerVm::State::kReady || context_) return state;
  if (vm_->spec().clock->steady() < retry_at_) return WorkerVm::State::kFailed;
  auto begun = thread_cpu_time();
  auto root = vm_->vm()->add_root(conf_);
  if (has_lived_) vm_->add_cost(thread_cpu_time() - begun);
  if (root) {
    move_to(*root);
    return WorkerVm::State::kReady;
  }
  failure_ = std::move(root.error());
  retry_at_ = vm_->spec().clock->steady() + kRetryDelay;
  if (vm_->vm()->failure()) vm_->discard();
  return WorkerVm::State::kFailed;
}

void WorkerRoot::move_to(RootContext* context) {
  has_lived_ = has_lived_ || context_;
  context_ = context;
  context ? duties_.begin(*context) : duties_.pause();
}

void WorkerRoot::begin_duties() {
  if (context_) duties_.begin(*context_);
}

async::Task<WorkerVm::State> WorkerRoot::ready() {
  for (;;) {
    WorkerVm::State state = prepare();
    if (state != WorkerVm::State::kBuilding) co_return state;
    co_await vm_->built();
  }
}

void WorkerRoot::end() {
  duties_.end();
  if (!context_) return;
  context_->home = nullptr;
  vm_->end_root(*std::exchange(context_, nullptr));
}

}  // namespace sallyport::wasm
