#include "async/task_group.h"

#include "base/log.h"

namespace sallyport::async {

// The coroutine that owns one Task of the group and unlinks itself when that ends.
struct TaskGroup::Runner {
  struct promise_type {
    Node node;
    TaskGroup& group;

    promise_type(TaskGroup& owner, Task<void>&) : group(owner) {
      node.runner = std::coroutine_handle<promise_type>::from_promise(*this);
      node.next = group.first_;
      if (group.first_) group.first_->previous = &node;
      group.first_ = &node;
      ++group.size_;
    }
    ~promise_type() {
      if (node.previous) {
        node.previous->next = node.next;
      } else {
        group.first_ = node.next;
      }
      if (node.next) node.next->previous = node.previous;
      --group.size_;
    }
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    Runner get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept {
      try {
        throw;
      } catch (const std::exception& thrown) {
        log::error("a background task ended with an exception: {}", thrown.what());
      } catch (...) {
        log::error("a background task ended with an unknown exception");
      }
    }
  };
};

TaskGroup::Runner TaskGroup::run(TaskGroup&, Task<void> task) { co_await task; }

void TaskGroup::spawn(Task<void> task) { run(*this, std::move(task)); }

void TaskGroup::cancel_all() noexcept {
  while (first_) first_->runner.destroy();
}

}  // namespace sallyport::async
