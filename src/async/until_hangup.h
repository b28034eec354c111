#pragma once
// co_await UntilHangup(stream, task): runs the task while its client is there. True: it ended. False: the peer of
// `stream` went first, and the task was dropped. Reading from the stream inside the task is allowed; such a read sees
// the end itself.

#include "async/stream.h"
#include "async/task.h"

#include <coroutine>
#include <utility>

namespace sallyport::async {

class UntilHangup final : private HangupListener {
 public:
  UntilHangup(Stream& stream, Task<void> task) : stream_(stream), task_(std::move(task)) {}
  UntilHangup(const UntilHangup&) = delete;
  UntilHangup& operator=(const UntilHangup&) = delete;
  ~UntilHangup() {
    if (watching_) stream_.watch_hangup(nullptr);
  }

  bool await_ready() const noexcept { return task_.is_ready(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
    waiting_ = waiting;
    watching_ = true;
    stream_.watch_hangup(this);
    return Task<void>::Awaiter{task_}.await_suspend(waiting);
  }
  bool await_resume() {
    if (lost_) return false;
    stop_watching();
    Task<void>::Awaiter{task_}.await_resume();
    return true;
  }

 private:
  // Called from the loop, never from inside the task.
  void peer_gone() override {
    lost_ = true;
    watching_ = false;
    task_ = Task<void>();
    waiting_.resume();
  }
  void stop_watching() noexcept {
    if (std::exchange(watching_, false)) stream_.watch_hangup(nullptr);
  }

  Stream& stream_;
  Task<void> task_;
  std::coroutine_handle<> waiting_;
  bool watching_ = false;
  bool lost_ = false;
};

}  // namespace sallyport::async
