#include "async/timer_wheel.h"

#include <bit>

namespace sallyport::async {

TimerWheel::TimerWheel(SteadyTime now) : origin_(now - kTick) {
  for (Slot& slot : slots_) slot.next_ = slot.previous_ = &slot;
}

TimerWheel::~TimerWheel() {
  for (Slot& slot : slots_) {
    while (slot.next_ != &slot) slot.next_->unlink();
    slot.next_ = slot.previous_ = nullptr;
  }
}

std::uint64_t TimerWheel::tick_of(SteadyTime time) const noexcept {
  return static_cast<std::uint64_t>((time - origin_) / kTick);
}

void TimerWheel::link(Deadline& deadline) noexcept {
  std::uint64_t due = deadline.tick_;
  if (due <= now_) due = now_ + 1;
  if (due > now_ + kSlots - 1) due = now_ + kSlots - 1;  // far away: looked at again when that slot passes
  deadline.visit_ = due;
  std::size_t index = due % kSlots;
  Slot& slot = slots_[index];
  deadline.previous_ = &slot;
  deadline.next_ = slot.next_;
  slot.next_->previous_ = &deadline;
  slot.next_ = &deadline;
  occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
}

void TimerWheel::set(Deadline& deadline, SteadyTime now, Milliseconds delay) {
  std::uint64_t due = tick_of(now + delay) + 1;
  deadline.tick_ = due;
  if (deadline.next_ && due >= deadline.visit_) return;
  deadline.unlink();
  link(deadline);
}

void TimerWheel::advance(SteadyTime now) {
  std::uint64_t target = tick_of(now);
  if (target > now_ + kSlots) now_ = target - kSlots;  // after a long sleep, one turn of the wheel visits every slot
  while (now_ < target) {
    std::size_t index = ++now_ % kSlots;
    std::uint64_t bit = std::uint64_t{1} << (index % 64);
    if ((occupied_[index / 64] & bit) == 0) continue;
    occupied_[index / 64] &= ~bit;
    // Moved to a list of its own first: expiring one deadline may set or destroy others of this slot.
    Slot due;
    Slot& slot = slots_[index];
    if (slot.next_ == &slot) continue;
    due.next_ = slot.next_;
    due.previous_ = slot.previous_;
    due.next_->previous_ = &due;
    due.previous_->next_ = &due;
    slot.next_ = slot.previous_ = &slot;
    while (due.next_ != &due) {
      Deadline& deadline = *due.next_;
      deadline.unlink();
      if (deadline.tick_ == 0) continue;
      if (deadline.tick_ > now_) {
        link(deadline);
      } else {
        deadline.tick_ = 0;
        deadline.expire();
      }
    }
    due.next_ = due.previous_ = nullptr;
  }
}

Milliseconds TimerWheel::until_next(SteadyTime now, Milliseconds longest) const {
  for (std::uint64_t ahead = 1; ahead < kSlots;) {
    std::size_t index = (now_ + ahead) % kSlots;
    std::uint64_t word = occupied_[index / 64] >> (index % 64);
    if (word == 0) {
      ahead += 64 - index % 64;
      continue;
    }
    ahead += static_cast<std::uint64_t>(std::countr_zero(word));
    auto wait = std::chrono::ceil<Milliseconds>(origin_ + kTick * static_cast<std::int64_t>(now_ + ahead) - now);
    if (wait < Milliseconds(0)) return Milliseconds(0);
    return wait < longest ? wait : longest;
  }
  return longest;
}

}  // namespace sallyport::async
