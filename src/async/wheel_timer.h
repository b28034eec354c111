#pragma once
// The Timer of a loop that keeps its deadlines in a wheel. Belongs to that loop.

#include "async/reactor.h"
#include "async/timer_wheel.h"

#include <functional>
#include <utility>

namespace sallyport::async {

class WheelTimer final : public Timer, public Deadline {
 public:
  WheelTimer(Reactor& reactor, TimerWheel& wheel, Milliseconds delay, Reactor::Repeat repeat,
             std::function<void()> fire)
      : reactor_(reactor), wheel_(wheel), delay_(delay), repeat_(repeat), fire_(std::move(fire)) {
    wheel_.set(*this, reactor_.now(), delay_);
  }
  void expire() override {
    if (repeat_ == Reactor::Repeat::kEvery) wheel_.set(*this, reactor_.now(), delay_);
    auto fire = fire_;  // the call may drop this timer
    fire();
  }

 private:
  Reactor& reactor_;
  TimerWheel& wheel_;
  Milliseconds delay_;
  Reactor::Repeat repeat_;
  std::function<void()> fire_;
};

}  // namespace sallyport::async
