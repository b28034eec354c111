#include "plugins/wasm/call_clock.h"

#include <pthread.h>

#include <atomic>

namespace sallyport::wasm {
namespace {

constexpr std::chrono::milliseconds kPeriod{5};

std::uint32_t value_at(const std::uint32_t* step) {
  if (!step) return 0;
  return std::atomic_ref(*const_cast<std::uint32_t*>(step)).load(std::memory_order_relaxed);
}

}  // namespace

CallClock::CallClock(CallWatcher& watcher, std::chrono::nanoseconds budget, Interrupt interrupt, void* guest)
    : watcher_(watcher), interrupt_(interrupt), guest_(guest), budget_(budget) {
  watcher_.add(*this);
}

CallClock::~CallClock() { watcher_.remove(*this); }

void CallClock::begin() {
  std::lock_guard lock(mutex_);
  ++call_;
  is_running_ = true;
  was_interrupted_ = false;
  pthread_getcpuclockid(pthread_self(), &clock_);
}

bool CallClock::end() {
  std::lock_guard lock(mutex_);
  is_running_ = false;
  return was_interrupted_;
}

void CallClock::set_budget(std::chrono::nanoseconds budget) {
  std::lock_guard lock(mutex_);
  budget_ = budget;
}

void CallClock::watch_step(const std::uint32_t* step) {
  std::lock_guard lock(mutex_);
  step_ = step;
}

// The first look at a call only notes the CPU time, so that most calls cost no look at their thread's clock.
void CallClock::look() {
  std::lock_guard lock(mutex_);
  timespec now{};
  if (!is_running_ || clock_gettime(clock_, &now) != 0) return;
  const auto cpu_time = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  const std::uint32_t step = value_at(step_);
  if (seen_call_ != call_ || seen_step_ != step) {
    seen_call_ = call_;
    seen_step_ = step;
    cpu_time_then_ = cpu_time;
  } else if (cpu_time - cpu_time_then_ >= budget_) {
    was_interrupted_ = true;
    interrupt_(guest_);
  }
}

CallWatcher::~CallWatcher() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CallWatcher::add(CallClock& clock) {
  std::lock_guard lock(mutex_);
  clocks_.push_back(&clock);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void CallWatcher::remove(CallClock& clock) {
  std::lock_guard lock(mutex_);
  std::erase(clocks_, &clock);
}

void CallWatcher::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return is_stopping_; })) {
    for (CallClock* clock : clocks_) clock->look();
  }
}

}  // namespace sallyport::wasm
