#pragma once
// The live Vm of one VmSpec on one worker, and its replacement once it has failed: at once where that is cheap, else
// built in the background while exchanges wait. Belongs to its worker's thread; made elsewhere before it is published.

#include "async/event.h"
#include "async/task.h"
#include "async/task_group.h"
#include "plugins/wasm/restart_pacer.h"
#include "plugins/wasm/root_duties.h"
#include "plugins/wasm/slice_turns.h"
#include "plugins/wasm/threads.h"
#include "plugins/wasm/vm.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::wasm {

class WorkerRoot;
class WorkerVm;

// Those of one worker with roots that are not done: they stay, though nobody else has them.
using LingeringVms = std::set<std::shared_ptr<WorkerVm>>;

class WorkerVm : public std::enable_shared_from_this<WorkerVm> {
 public:
  enum class State : std::uint8_t { kReady, kBuilding, kFailed };
  struct Ports {
    Post worker;                                 // its own
    Post builder;                                // the background; none: everything is rebuilt in place
    StartTimer start_timer;                      // on its worker; may be none
    std::size_t lane = 0;                        // where its plugins count
    FindHttpClient http_client = {};             // of its worker; may be none
    std::shared_ptr<SliceTurns> turns = {};      // of its worker, for copies that are cut into time slices
    std::weak_ptr<LingeringVms> lingering = {};  // of its worker; none: no root is waited for
  };

  // `cheap`: a new Vm is made in place.
  WorkerVm(std::shared_ptr<const VmSpec> spec, Ports ports, bool cheap);
  WorkerVm(const WorkerVm&) = delete;
  WorkerVm& operator=(const WorkerVm&) = delete;

  // The Vm to begin with, in which `root` may live already.
  void adopt(std::unique_ptr<Vm> vm);

  // Null while there is none.
  Vm* vm() const noexcept { return vm_.get(); }
  const VmSpec& spec() const noexcept { return *spec_; }
  // Why there is no Vm.
  const Error& failure() const noexcept { return failure_; }

  // Sees to it that there is a Vm.
  State prepare();
  // Waits until the building that is under way has ended.
  async::Task<void> built();
  // The Vm has failed: it is taken out of use, its exchanges are told, and a new one is made.
  void discard() { discard(*vm_); }
  // The same for one that serves what is left of its exchanges, without a new one.
  void discard(Vm& vm);
  // There is better code for it: a new Vm is made and serves the exchanges that begin from then on. The present one
  // serves its own to their end.
  void renew();
  // Wakes what is paused of these exchanges in the next turn of the loop.
  void wake_soon(std::vector<std::uint32_t> contexts);
  // An exchange has ended that lived in `vm`, which may be a failed one.
  void forget(Vm& vm, HttpContext& http);

  // Of a copy whose exchange has ended: what was not told yet of answers to its HTTP calls is not told any more.
  void drop_answers() noexcept { answering_.cancel_all(); }

  const Ports& ports() const noexcept { return ports_; }

  // Ends a root, once it is done (proxy_done) or nobody waits for it any longer.
  void end_root(RootContext& root);

  std::uint64_t add(WorkerRoot& root);
  void remove(WorkerRoot& root);
  // What it cost in CPU time to configure a root in a Vm that was made anew.
  void add_cost(std::chrono::nanoseconds cost) { pacer_.spent(spec_->clock->steady(), cost); }

 private:
  using RootConfs = std::vector<std::pair<std::uint64_t, RootConf>>;
  struct Built {
    std::unique_ptr<Vm> vm;
    std::chrono::nanoseconds cost{0};  // CPU time
    std::vector<std::pair<std::uint64_t, RootContext*>> roots;
  };
  static Result<Built> build(std::shared_ptr<const VmSpec> spec, RootConfs confs);

  // Whether a new Vm has to wait, since too many have been made of late.
  bool must_wait();
  RootConfs confs_of_roots() const;
  void start_building();
  void finish_building(Result<Built> built);
  void begin_with(Built built);
  void retire();
  enum class Roots : std::uint8_t { kAll, kAsked };  // kAsked: whose end has begun
  void end_soon();
  void end_what_is_over();
  bool end_roots(Vm& vm, Roots which);
  bool end_or_wait(Vm& vm, RootContext& root);
  void tell_answer(Vm& vm, RootContext& root, std::uint32_t call, AnsweredCall answer);
  async::Task<void> tell_in_slices(Vm& vm, RootContext& root, std::uint32_t call, AnsweredCall answer);
  HttpContext* find_exchange(std::uint32_t context) const;
  void wake(const std::vector<std::uint32_t>& contexts);
  void wake_lost();
  void fail_for_now(Error error);
  void revive_later();
  void revive();

  std::shared_ptr<const VmSpec> spec_;
  Ports ports_;
  bool cheap_;
  bool building_ = false;
  bool is_outdated_ = false;  // what is being built may have the code of before
  std::unique_ptr<Vm> vm_;
  std::vector<std::unique_ptr<Vm>> retired_;  // well, with exchanges and calls of before
  std::vector<std::unique_ptr<Vm>> failed_;   // kept until their last exchange has ended
  Error failure_;
  SteadyTime retry_at_{};
  RestartPacer pacer_;
  bool told_of_wait_ = false;
  std::uint64_t last_root_ = 0;
  std::vector<WorkerRoot*> roots_;
  std::vector<async::Event*> waiting_;
  async::TaskGroup answering_;
  std::unique_ptr<async::Timer> linger_timer_;
  std::unique_ptr<async::Timer> revival_;  // for roots with duties; others can wait for an exchange
};

// A conf of a plugin in the Vm of one worker, through all Vms that follow each other there.
class WorkerRoot {
 public:
  // Made on any thread; `join` is the first thing that happens to it on its worker.
  WorkerRoot(std::shared_ptr<WorkerVm> vm, RootConf conf) : vm_(std::move(vm)), conf_(std::move(conf)) {}
  WorkerRoot(const WorkerRoot&) = delete;
  WorkerRoot& operator=(const WorkerRoot&) = delete;
  ~WorkerRoot();

  // From now on it follows its VMs. `context`: where it lives already, if it does.
  void join(RootContext* context = nullptr);

  // Sees to it that `vm` and `context` can be used.
  WorkerVm::State prepare() {
    if (context_) [[likely]]
      return WorkerVm::State::kReady;
    return prepare_slowly();
  }
  bool is_alive() const noexcept { return context_ != nullptr; }
  // As prepare, but never kBuilding.
  async::Task<WorkerVm::State> ready();
  // After kFailed.
  const Error& failure() const noexcept { return failure_; }

  WorkerVm& worker_vm() noexcept { return *vm_; }
  Vm& vm() noexcept { return *vm_->vm(); }
  RootContext& context() noexcept { return *context_; }
  const RootConf& conf() const noexcept { return conf_; }
  std::uint64_t number() const noexcept { return number_; }

  // For WorkerVm: where the conf lives now; null when its Vm is gone.
  void move_to(RootContext* context);
  // On its worker, after `join` elsewhere: what it asked for while it was configured begins.
  void begin_duties();
  bool has_duties() const noexcept { return duties_.any(); }
  // done, then delete once it is; no duty follows.
  void end();

 private:
  WorkerVm::State prepare_slowly();

  std::shared_ptr<WorkerVm> vm_;
  RootConf conf_;
  std::uint64_t number_ = 0;  // 0: has not joined
  RootContext* context_ = nullptr;
  bool has_lived_ = false;  // in a Vm that has failed
  Error failure_;
  SteadyTime retry_at_{};
  RootDuties duties_{*this};
};

}  // namespace sallyport::wasm
