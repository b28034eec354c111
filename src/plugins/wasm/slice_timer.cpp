#include "plugins/wasm/slice_timer.h"

#include "base/log.h"
#include "plugins/wasm/engine.h"

#include <sys/syscall.h>
#include <unistd.h>
#include <wasmtime.h>

#include <cerrno>
#include <mutex>

namespace sallyport::wasm {
namespace {

// Ignored by default, and sent for nothing else here: a late one does no harm.
constexpr int kSignal = SIGURG;

}  // namespace

SliceTimer& SliceTimer::of_this_thread() {
  thread_local SliceTimer timer;
  return timer;
}

SliceTimer::SliceTimer() {
  static std::once_flag handles;
  std::call_once(handles, [] {
    struct sigaction action{};
    action.sa_sigaction = &SliceTimer::on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigaction(kSignal, &action, nullptr);
  });
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kSignal;
  event.sigev_value.sival_ptr = this;
  event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
  has_timer_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  if (!has_timer_) {
    log::warn(
        "no timer for the time slices of plugins (errno {}): they are longer now; raise the limit of pending "
        "signals (ulimit -i)",
        errno);
  }
}

SliceTimer::~SliceTimer() {
  if (has_timer_) timer_delete(timer_);
}

// Once, and again from the handler: a thread that has left its guests is interrupted at most once more.
void SliceTimer::set() noexcept {
  if (!has_timer_) return;
  itimerspec once{};
  once.it_value.tv_nsec = std::chrono::nanoseconds(kTimeSlice).count();
  is_set_.store(timer_settime(timer_, 0, &once, nullptr) == 0, std::memory_order_relaxed);
}

// All that is called here may be called in a handler: an atomic increment, and timer_settime (POSIX.1-2017 2.4.3).
void SliceTimer::on_signal(int, siginfo_t* info, void*) {
  if (info->si_code != SI_TIMER) return;
  const int kept = errno;
  auto& self = *static_cast<SliceTimer*>(info->si_value.sival_ptr);
  if (wasm_engine_t* engine = self.engine_.load(std::memory_order_relaxed)) {
    wasmtime_engine_increment_epoch(engine);
    self.set();
  } else {
    self.is_set_.store(false, std::memory_order_relaxed);
  }
  errno = kept;
}

}  // namespace sallyport::wasm
