#pragma once
// What the parts of a simulation share: its clock, which jumps to whatever happens next, its chance, its trace and the
// timer wheel that real loops have. Belongs to one thread. No part of the product.

#include "async/seeded_chance_fixture.h"
#include "async/simulated_trace_fixture.h"
#include "async/timer_wheel.h"
#include "base/clock.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace sallyport::async {

class SimulatedLoop {
 public:
  using Happening = std::move_only_function<void()>;
  using Duration = SteadyTime::duration;

  explicit SimulatedLoop(std::uint64_t seed) : chance(seed) {}
  SimulatedLoop(const SimulatedLoop&) = delete;
  SimulatedLoop& operator=(const SimulatedLoop&) = delete;

  SteadyTime now() const { return now_; }
  void at(SteadyTime when, Happening happening) {
    happenings_.emplace(std::pair(std::max(when, now_), ++number_), std::move(happening));
  }
  void in(Duration delay, Happening happening) { at(now_ + delay, std::move(happening)); }
  bool is_quiet() const { return happenings_.empty(); }
  void note(std::string_view what, std::uint64_t who, std::uint64_t amount = 0) { trace.note(now_, what, who, amount); }
  Duration microseconds(std::size_t least, std::size_t most) {
    return std::chrono::microseconds(chance.between(least, most));
  }

  // Moves the time to what happens next; `waits`: nobody has anything to do before.
  void jump(bool waits) {
    constexpr Milliseconds kLongest{1'000};
    if (waits) {
      SteadyTime next = now_ + wheel.until_next(now_, kLongest);
      if (!happenings_.empty()) next = std::min(next, happenings_.begin()->first.first);
      now_ = std::max(now_, next);
    }
    if (chance.one_in(4)) now_ += microseconds(0, 5'000);  // a loop that was busy sees several things in one turn
  }
  // Everything that is due, in any order; then the timers.
  void happen() {
    std::vector<Happening> due;
    while (!happenings_.empty() && happenings_.begin()->first.first <= now_) {
      due.push_back(std::move(happenings_.begin()->second));
      happenings_.erase(happenings_.begin());
    }
    for (std::size_t left = due.size(); left > 1; --left) std::swap(due[left - 1], due[chance.below(left)]);
    for (Happening& happening : due) happening();
    wheel.advance(now_);
  }

  SeededChance chance;
  SimulatedTrace trace;

 private:
  SteadyTime now_{std::chrono::hours(1)};
  std::uint64_t number_ = 0;
  std::map<std::pair<SteadyTime, std::uint64_t>, Happening> happenings_;

 public:
  TimerWheel wheel{now_};
  std::size_t streams = 0;  // that live
  std::size_t timers = 0;
};

}  // namespace sallyport::async
