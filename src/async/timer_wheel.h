#pragma once
// Deadlines of one loop. A wheel of slots of 4 ms: setting or moving a deadline is a few stores, and a deadline that
// only moves later is looked at again when its old slot passes. Belongs to one loop.

#include "base/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport::async {

// A deadline that is, or is not, in a wheel. Leaves its wheel when it is destroyed.
class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  virtual void expire() = 0;  // called once; the deadline is no longer in the wheel

 protected:
  ~Deadline() { unlink(); }

 private:
  friend class TimerWheel;
  void unlink() noexcept {
    if (!next_) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::uint64_t tick_ = 0;   // when it is due; 0: not set
  std::uint64_t visit_ = 0;  // when its slot passes, while it is in one
};

class TimerWheel {
 public:
  static constexpr Milliseconds kTick{4};

  explicit TimerWheel(SteadyTime now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  // Due `delay` after `now` (rounded up to a tick), instead of any earlier setting.
  void set(Deadline& deadline, SteadyTime now, Milliseconds delay);
  void cancel(Deadline& deadline) noexcept { deadline.tick_ = 0; }

  // Expires what is due.
  void advance(SteadyTime now);

  // How long the loop may sleep; at most `longest`.
  Milliseconds until_next(SteadyTime now, Milliseconds longest) const;

 private:
  static constexpr std::size_t kSlots = 4096;
  class Slot final : public Deadline {
    void expire() override {}
  };
  std::uint64_t tick_of(SteadyTime time) const noexcept;
  void link(Deadline& deadline) noexcept;

  SteadyTime origin_;
  std::uint64_t now_ = 1;  // the last tick that was processed
  std::array<Slot, kSlots> slots_;
  std::array<std::uint64_t, kSlots / 64> occupied_{};  // may say yes for a slot that has become empty
};

}  // namespace sallyport::async
