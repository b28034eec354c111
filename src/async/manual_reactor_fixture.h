#pragma once
// A loop whose time stands still until a test moves it: timers and messages only. No part of the product.

#include "async/reactor.h"

#include <functional>
#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::async {

class ManualReactor final : public Reactor {
 public:
  void run() override { deliver(); }
  void stop() override {}
  void post(std::move_only_function<void()> message) override { messages_.push_back(std::move(message)); }
  SteadyTime now() const override { return now_; }
  Result<std::unique_ptr<Listener>> listen(const Address&, SharePort, OnAccept) override {
    return fail(ErrorCode::kUnavailable, "this loop has no sockets");
  }
  Result<std::unique_ptr<Listener>> listen_on(int, OnArrival) override {
    return fail(ErrorCode::kUnavailable, "this loop has no sockets");
  }
  Accepted adopt(Arrival) override { return {}; }
  Task<Result<StreamPtr>> connect(Address, Milliseconds) override {
    return Result<StreamPtr>(fail(ErrorCode::kUnavailable, "this loop has no sockets"));
  }
  std::unique_ptr<Timer> start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) override {
    return std::make_unique<Entry>(*this, delay, repeat, std::move(fire));
  }
  std::unique_ptr<Watch> watch(int, bool, bool, OnReady) override { return nullptr; }
  void at_turn_end(std::function<void()>) override {}

  // Fires every timer that is due in the next `by`, in order, and delivers messages.
  void advance(Milliseconds by) {
    const SteadyTime end = now_ + by;
    deliver();
    while (Entry* next = next_due(end)) {
      now_ = next->due;
      auto fire = next->fire;
      if (next->repeat == Repeat::kEvery) {
        next->due += next->delay;
      } else {
        next->due = SteadyTime::max();
      }
      fire();
      deliver();
    }
    now_ = end;
  }
  void deliver() {
    while (!messages_.empty()) {
      for (auto& message : std::exchange(messages_, {})) message();
    }
  }

 private:
  struct Entry final : Timer {
    Entry(ManualReactor& owner, Milliseconds every, Repeat how, std::function<void()> action)
        : reactor(owner), delay(every), repeat(how), fire(std::move(action)), due(owner.now_ + every) {
      reactor.timers_.push_back(this);
    }
    ~Entry() override { reactor.timers_.remove(this); }
    ManualReactor& reactor;
    Milliseconds delay;
    Repeat repeat;
    std::function<void()> fire;
    SteadyTime due;
  };

  Entry* next_due(SteadyTime end) const {
    Entry* next = nullptr;
    for (Entry* timer : timers_) {
      if (timer->due <= end && (!next || timer->due < next->due)) next = timer;
    }
    return next;
  }

  SteadyTime now_{std::chrono::hours(1)};
  std::list<Entry*> timers_;
  std::vector<std::move_only_function<void()>> messages_;
};

}  // namespace sallyport::async
