#pragma once
// co_await UntilSet(event, task): what the task gives, or nothing when the event was set first; then the task was
// dropped where it waited. A task that has a result already gives it, whatever the event says. Nobody else waits for
// the event, and the task itself does not set it.

#include "async/event.h"
#include "async/task.h"

#include <coroutine>
#include <optional>
#include <utility>

namespace sallyport::async {

template <class T>
class UntilSet final {
 public:
  UntilSet(Event& event, Task<T> task) : event_(event), signal_{event}, task_(std::move(task)) {}
  UntilSet(const UntilSet&) = delete;
  UntilSet& operator=(const UntilSet&) = delete;

  bool await_ready() const noexcept { return task_.is_ready() || event_.is_set(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
    signal_.await_suspend(waiting);
    return typename Task<T>::Awaiter{task_}.await_suspend(waiting);
  }
  // Whichever came first has resumed at once, so that the event is set only where it was that.
  std::optional<T> await_resume() {
    if (task_.is_ready() || !event_.is_set()) return typename Task<T>::Awaiter{task_}.await_resume();
    Task<T> dropped = std::move(task_);
    return std::nullopt;
  }

 private:
  Event& event_;
  Event::Awaiter signal_;
  Task<T> task_;
};

}  // namespace sallyport::async
