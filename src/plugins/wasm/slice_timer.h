#pragma once
// Ends the epoch of an engine every kTimeSlice while the calling thread is in a guest whose calls are cut. The kernel's
// timer interrupts that thread itself, by a signal: another thread that ends epochs would have to be given the very
// core which the guest keeps busy, and waits for it as long as the scheduler likes.

#include <signal.h>
#include <time.h>

#include <atomic>

struct wasm_engine_t;

namespace sallyport::wasm {

// Belongs to one thread.
class SliceTimer {
 public:
  static SliceTimer& of_this_thread();
  ~SliceTimer();
  SliceTimer(const SliceTimer&) = delete;
  SliceTimer& operator=(const SliceTimer&) = delete;

  // While it lives the thread is in a guest of `engine`; one may lie in another.
  class Running {
   public:
    explicit Running(wasm_engine_t& engine) : Running(engine, of_this_thread()) {}
    ~Running() { timer_.engine_.store(before_, std::memory_order_relaxed); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Running(wasm_engine_t& engine, SliceTimer& timer)
        : timer_(timer), before_(timer.engine_.load(std::memory_order_relaxed)) {
      timer.engine_.store(&engine, std::memory_order_relaxed);
      if (!timer.is_set_.load(std::memory_order_relaxed)) timer.set();
    }

    SliceTimer& timer_;
    wasm_engine_t* before_;
  };

 private:
  SliceTimer();
  void set() noexcept;
  static void on_signal(int, siginfo_t* info, void*);

  // Read by the signal's handler, on this thread.
  std::atomic<wasm_engine_t*> engine_ = nullptr;  // null: the thread is in no guest
  std::atomic<bool> is_set_ = false;
  timer_t timer_{};
  bool has_timer_ = false;
};

}  // namespace sallyport::wasm
