#pragma once
// Ends calls into guests whose CPU budget is used up, for engines that do not look at a clock themselves. A watcher
// thread looks at the CPU time of each thread that is in a call, every few milliseconds, and interrupts the guest.

#include <time.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport::wasm {

class CallWatcher;

// Of one guest, whose calls come from one thread at a time. `Interrupt` is called on the watcher's thread.
class CallClock {
 public:
  using Interrupt = void (*)(void* guest);

  CallClock(CallWatcher& watcher, std::chrono::nanoseconds budget, Interrupt interrupt, void* guest);
  ~CallClock();
  CallClock(const CallClock&) = delete;
  CallClock& operator=(const CallClock&) = delete;

  // Around a call from outside. `end` tells whether the guest was interrupted: when it has ended by itself just before,
  // the interrupt is still to come.
  void begin();
  bool end();

  void set_budget(std::chrono::nanoseconds budget);
  // A place that changes with each step of a call, which has a budget of its own; it outlives the next call.
  void watch_step(const std::uint32_t* step);

 private:
  friend class CallWatcher;
  void look();

  CallWatcher& watcher_;
  const Interrupt interrupt_;
  void* const guest_;
  std::mutex mutex_;
  std::chrono::nanoseconds budget_;
  const std::uint32_t* step_ = nullptr;
  std::uint64_t call_ = 0;
  bool is_running_ = false;
  bool was_interrupted_ = false;
  clockid_t clock_{};  // of the thread that calls
  // What the watcher saw first of this call and step.
  std::uint64_t seen_call_ = 0;
  std::uint32_t seen_step_ = 0;
  std::chrono::nanoseconds cpu_time_then_{0};
};

// Its thread starts with the first clock.
class CallWatcher {
 public:
  CallWatcher() = default;
  ~CallWatcher();
  CallWatcher(const CallWatcher&) = delete;
  CallWatcher& operator=(const CallWatcher&) = delete;

 private:
  friend class CallClock;
  void add(CallClock& clock);
  void remove(CallClock& clock);
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<CallClock*> clocks_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace sallyport::wasm
