#pragma once
// What a root context does by itself, without an exchange: ticks, and the notifications of queues. Asked for while a
// Vm is configured, carried out on the loop of its worker, in whatever Vm the root lives by then. Belongs to a
// WorkerRoot and its thread.

#include "async/reactor.h"
#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/context.h"
#include "plugins/wasm/shared_state.h"
#include "plugins/wasm/threads.h"

#include <cstdint>
#include <map>
#include <memory>

namespace sallyport::wasm {

class WorkerRoot;

class RootDuties final : public RootHome {
 public:
  explicit RootDuties(WorkerRoot& root) : root_(root) {}
  RootDuties(const RootDuties&) = delete;
  RootDuties& operator=(const RootDuties&) = delete;
  ~RootDuties() override;

  // The root lives, on its worker: what it asked for begins, or begins again.
  void begin(RootContext& context);
  // Its Vm is gone: everything stands still until the next one.
  void pause();
  // For good, while the loop runs: what it has not been told yet goes to the other listeners.
  void end();
  // Whether it needs a Vm though there is no exchange; not known before it has lived.
  bool any() const noexcept { return any_; }

 private:
  class Mailbox;

  void tick_period_changed() override;
  void listen(std::uint32_t queue) override;

  void tick();
  void hear(std::uint32_t queue, std::uint64_t count);
  void call(Callback callback, std::uint32_t argument);

  WorkerRoot& root_;
  bool any_ = true;
  std::unique_ptr<async::Timer> timer_;
  std::shared_ptr<Mailbox> mailbox_;
  std::map<std::uint32_t, std::uint64_t> waiting_;  // notifications by queue, while there is no Vm
};

}  // namespace sallyport::wasm
