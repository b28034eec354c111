#include "plugins/wasm/root_duties.h"

#include "base/log.h"
#include "plugins/wasm/worker_vm.h"

#include <atomic>
#include <utility>

namespace sallyport::wasm {

// Where queues, on any thread, leave their notifications.
class RootDuties::Mailbox final : public QueueListener, public std::enable_shared_from_this<Mailbox> {
 public:
  Mailbox(RootDuties& owner, Post worker, std::shared_ptr<SharedState> state)
      : owner_(owner), worker_(std::move(worker)), state_(std::move(state)) {}

  void queue_ready(std::uint32_t queue, std::uint64_t count) override {
    worker_([self = shared_from_this(), queue, count] { self->deliver(queue, count); });
  }
  bool is_gone() const noexcept override { return is_gone_; }
  void close() noexcept { is_gone_ = true; }

 private:
  // On the worker, as is `close`.
  void deliver(std::uint32_t queue, std::uint64_t count) {
    if (is_gone_)
      state_->queues().notify(queue, count);
    else
      owner_.hear(queue, count);
  }

  RootDuties& owner_;
  Post worker_;
  std::shared_ptr<SharedState> state_;
  std::atomic<bool> is_gone_{false};
};

RootDuties::~RootDuties() {
  if (mailbox_) mailbox_->close();
}

void RootDuties::begin(RootContext& context) {
  any_ = false;
  context.home = this;
  root_.vm().calls().release(context);
  tick_period_changed();
  for (std::uint32_t queue : context.queues) listen(queue);
  for (auto [queue, count] : std::exchange(waiting_, {})) mailbox_->queue_ready(queue, count);
}

void RootDuties::pause() { timer_.reset(); }

void RootDuties::end() {
  pause();
  any_ = false;
  if (!mailbox_) return;
  mailbox_->close();
  for (auto [queue, count] : std::exchange(waiting_, {})) {
    root_.worker_vm().spec().state->queues().notify(queue, count);
  }
  mailbox_.reset();
}

void RootDuties::tick_period_changed() {
  timer_.reset();
  Milliseconds period = root_.context().tick_period;
  const StartTimer& start_timer = root_.worker_vm().ports().start_timer;
  if (period.count() == 0 || !start_timer || !root_.vm().exports(Callback::kTick)) return;
  any_ = true;
  timer_ = start_timer(period, [this] { tick(); });
}

void RootDuties::listen(std::uint32_t queue) {
  if (!root_.vm().exports(Callback::kQueueReady)) return;
  any_ = true;
  WorkerVm& vm = root_.worker_vm();
  if (!mailbox_) mailbox_ = std::make_shared<Mailbox>(*this, vm.ports().worker, vm.spec().state);
  vm.spec().state->queues().listen(queue, mailbox_);
}

// The next one begins when this one has ended.
void RootDuties::tick() {
  call(Callback::kTick, 0);
  if (root_.is_alive()) tick_period_changed();
}

// One notification a turn of the loop, so that a full queue does not keep exchanges waiting.
void RootDuties::hear(std::uint32_t queue, std::uint64_t count) {
  if (root_.prepare() != WorkerVm::State::kReady) {
    waiting_[queue] += count;
    return;
  }
  if (count > 1) mailbox_->queue_ready(queue, count - 1);
  call(Callback::kQueueReady, queue);
}

void RootDuties::call(Callback callback, std::uint32_t argument) {
  RootContext& context = root_.context();
  if (root_.vm().call(callback, {&context, nullptr}, context.id, argument)) return;
  log::error("{}", root_.vm().failure()->what);
  root_.worker_vm().discard();
}

}  // namespace sallyport::wasm
