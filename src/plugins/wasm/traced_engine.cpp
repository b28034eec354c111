#include "plugins/wasm/traced_engine.h"

#include "base/result.h"
#include "plugins/wasm/call_text.h"
#include "plugins/wasm/cpu_time.h"

#include <array>
#include <atomic>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kMostImports = 256;

// Whose time it is: the thread's CPU time goes to one of them at each moment.
class Stopwatch {
 public:
  enum class Hand : std::uint8_t { kNobody, kGuest, kHost };

  // Who had it before.
  Hand turn_to(Hand next) {
    const auto now = thread_cpu_time();
    if (hand_ == Hand::kGuest) times_.guest += now - since_;
    if (hand_ == Hand::kHost) times_.host += now - since_;
    since_ = now;
    return std::exchange(hand_, next);
  }
  const TraceTimes& times() const noexcept { return times_; }
  TraceTimes take() { return std::exchange(times_, {}); }

 private:
  Hand hand_ = Hand::kNobody;
  std::chrono::nanoseconds since_{0};
  TraceTimes times_;
};

// What the functions that stand before those of the host share. It is their `host`.
struct Watched {
  void* host = nullptr;  // of the functions behind them
  std::span<const Import> imports;
  std::shared_ptr<Tracer> tracer;
  std::uint64_t number = 0;
  Instance* instance = nullptr;
  Stopwatch stopwatch;
  bool has_exited = false;  // by exit(0), within what was entered last
};

std::size_t slot_count(const Import& import) { return std::max<std::size_t>(1, import.signature.params.size()); }

bool call_watched(Watched& watched, const Import& import, Slot* slots) {
  watched.stopwatch.turn_to(Stopwatch::Hand::kNobody);
  GuestMemory memory(*watched.instance);
  std::vector<Slot> arguments(slots, slots + slot_count(import));
  auto said = said_text(import, arguments, memory);
  TracedHostCall call;
  call.name = import.name;
  call.arguments = arguments_text(import, arguments, memory);
  // Before the call, in which the log may have it, too.
  if (said) watched.tracer->said(watched.number, {std::string(said->level), std::move(said->text)});
  const auto before = watched.stopwatch.times().host;
  watched.stopwatch.turn_to(Stopwatch::Hand::kHost);
  const bool goes_on = import.function(watched.host, slots);
  watched.stopwatch.turn_to(Stopwatch::Hand::kNobody);
  call.time = watched.stopwatch.times().host - before;
  watched.has_exited = !goes_on && import.name == "proc_exit" && arguments[0].u32() == 0;
  call.result = goes_on ? result_text(import, slots[0], call.succeeded) : watched.has_exited ? "exit" : "trap";
  call.succeeded = call.succeeded && goes_on;
  if (call.succeeded) call.given = given_text(import, arguments, memory);
  if (!call.succeeded || !said) watched.tracer->called(watched.number, std::move(call));
  watched.stopwatch.turn_to(Stopwatch::Hand::kGuest);
  return goes_on;
}

// A function of the host has no place for data but what it is called with: so there is one for each place in the table.
template <std::size_t kPlace>
bool call_at(void* host, Slot* slots) noexcept {
  Watched& watched = *static_cast<Watched*>(host);
  return call_watched(watched, watched.imports[kPlace], slots);
}

template <std::size_t... kPlaces>
constexpr auto watching_functions(std::index_sequence<kPlaces...>) {
  return std::array<HostFunction, sizeof...(kPlaces)>{&call_at<kPlaces>...};
}

class TracedInstance final : public Instance {
 public:
  TracedInstance(const CompiledModule& module, const InstanceLimits& limits, std::unique_ptr<Watched> watched)
      : watched_(std::move(watched)), inner_(module.make_instance(limits, watched_.get())) {
    watched_->instance = inner_.get();
  }

  bool instantiate() override {
    watched_->stopwatch.turn_to(Stopwatch::Hand::kGuest);
    const bool done = inner_->instantiate();
    watched_->stopwatch.turn_to(Stopwatch::Hand::kNobody);
    watched_->stopwatch.take();
    return done;
  }
  GuestFunction find(std::string_view name) override {
    GuestFunction found = inner_->find(name);
    if (!found) return found;
    functions_.push_back({std::string(name), found});
    return {functions_.size() - 1, this};
  }
  GuestFunction find_sequence(std::size_t) override { return {}; }
  const std::uint32_t& step() const override { return inner_->step(); }
  bool call(const GuestFunction& function, std::span<Slot> slots) override {
    return depth_ == 0 ? enter(function, slots) : call_within(function, slots);
  }
  Trap take_trap() override { return inner_->take_trap(); }
  MemoryView memory() override { return inner_->memory(); }
  void set_cpu_budget(std::chrono::nanoseconds budget) override { inner_->set_cpu_budget(budget); }
  std::shared_ptr<const GuestImage> capture() override { return inner_->capture(); }
  bool restore(const std::shared_ptr<const GuestImage>& image) override { return inner_->restore(image); }

  void cut(const GuestFunction& function) override { inner_->cut(functions_[function.a].function); }
  bool is_suspended() const override { return inner_->is_suspended(); }
  bool resume(std::span<Slot> slots) override {
    return run([&] { return inner_->resume(slots); }, slots);
  }
  void abandon() override {
    inner_->abandon();
    watched_->tracer->returned(watched_->number, {"dropped", true, watched_->stopwatch.take()});
  }

 private:
  struct Named {
    std::string name;
    GuestFunction function;
  };

  // From the host to the host, as allocators are called: time of the guest, and nothing to tell.
  bool call_within(const GuestFunction& function, std::span<Slot> slots) {
    const auto before = watched_->stopwatch.turn_to(Stopwatch::Hand::kGuest);
    const bool done = inner_->call(functions_[function.a].function, slots);
    watched_->stopwatch.turn_to(before);
    return done;
  }

  bool enter(const GuestFunction& function, std::span<Slot> slots) {
    entered_ = function.a;
    const std::string& name = functions_[entered_].name;
    watched_->tracer->entered(watched_->number, name, callback_arguments_text(name, slots));
    return run([&] { return inner_->call(functions_[entered_].function, slots); }, slots);
  }

  // Up to the end of the callback or of its time slice.
  bool run(auto&& go, std::span<Slot> slots) {
    ++depth_;
    watched_->stopwatch.turn_to(Stopwatch::Hand::kGuest);
    const bool done = go();
    watched_->stopwatch.turn_to(Stopwatch::Hand::kNobody);
    --depth_;
    if (!done && inner_->is_suspended()) return false;
    watched_->tracer->returned(watched_->number, end_of_run(done, slots));
    return done;
  }

  // A start function that ends by exit(0), as that of a command, has ended well; a callback has not.
  TracedReturn end_of_run(bool done, std::span<Slot> slots) {
    const std::string& name = functions_[entered_].name;
    const bool has_exited = std::exchange(watched_->has_exited, false) && !name.starts_with("proxy_");
    std::string result = done ? callback_result_text(name, slots[0]) : has_exited ? "exit" : "trap";
    return {std::move(result), !done && !has_exited, watched_->stopwatch.take()};
  }

  std::unique_ptr<Watched> watched_;
  std::unique_ptr<Instance> inner_;
  std::vector<Named> functions_;  // a GuestFunction that it gives is a place here: compilers merge equal functions
  std::size_t entered_ = 0;       // the function among them that was entered from outside last
  int depth_ = 0;
};

// What a module and its instances are made with.
struct Watching {
  std::shared_ptr<Tracer> tracer;
  std::span<const Import> imports;
  std::vector<Import> watching;  // each before the one at its place in `imports`
  std::atomic<std::uint64_t> instances = 0;
};

class TracedModule final : public CompiledModule {
 public:
  TracedModule(std::shared_ptr<const CompiledModule> inner, std::shared_ptr<Watching> watching)
      : inner_(std::move(inner)), watching_(std::move(watching)) {}

  std::unique_ptr<Instance> make_instance(const InstanceLimits& limits, void* host) const override {
    auto watched = std::make_unique<Watched>();
    watched->host = host;
    watched->imports = watching_->imports;
    watched->tracer = watching_->tracer;
    watched->number = ++watching_->instances;
    return std::make_unique<TracedInstance>(*inner_, limits, std::move(watched));
  }
  std::size_t code_bytes() const override { return inner_->code_bytes(); }
  Result<std::string> save() const override { return inner_->save(); }

 private:
  std::shared_ptr<const CompiledModule> inner_;
  std::shared_ptr<Watching> watching_;
};

class TracedEngine final : public Engine {
 public:
  TracedEngine(std::shared_ptr<Engine> inner, std::shared_ptr<Tracer> tracer)
      : inner_(std::move(inner)), watching_(std::make_shared<Watching>()) {
    watching_->tracer = std::move(tracer);
  }

  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence>) override {
    TRY_STATUS(watch(imports));
    return watched(inner_->compile(bytes, watching_->watching, {}));
  }
  Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                     std::span<const Sequence>) override {
    TRY_STATUS(watch(imports));
    return watched(inner_->load(saved, watching_->watching, {}));
  }
  std::string fingerprint() const override { return inner_->fingerprint(); }
  Result<std::string> assemble(std::string_view text) override { return inner_->assemble(text); }

 private:
  static constexpr auto kWatching = watching_functions(std::make_index_sequence<kMostImports>());

  // There is one table in the process, so that this is done once.
  Status watch(std::span<const Import> imports) {
    if (!watching_->imports.empty()) return {};
    if (imports.size() > kMostImports) return fail(ErrorCode::kInternal, "there are too many host functions to trace");
    watching_->imports = imports;
    watching_->watching.assign(imports.begin(), imports.end());
    for (std::size_t i = 0; i < imports.size(); ++i) watching_->watching[i].function = kWatching[i];
    return {};
  }

  Result<std::shared_ptr<const CompiledModule>> watched(Result<std::shared_ptr<const CompiledModule>> compiled) {
    if (!compiled) return compiled;
    return std::make_shared<const TracedModule>(std::move(*compiled), watching_);
  }

  std::shared_ptr<Engine> inner_;
  std::shared_ptr<Watching> watching_;
};

}  // namespace

std::shared_ptr<Engine> with_trace(std::shared_ptr<Engine> engine, std::shared_ptr<Tracer> tracer) {
  return std::make_shared<TracedEngine>(std::move(engine), std::move(tracer));
}

}  // namespace sallyport::wasm
