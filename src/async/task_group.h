#pragma once
// Work that nobody awaits: a TaskGroup owns the Tasks given to it until they end; dropping the group cancels the rest.
// A TaskGroup belongs to one thread.

#include "async/task.h"

#include <coroutine>
#include <cstddef>

namespace sallyport::async {

class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() { cancel_all(); }

  // Starts `task` now; it runs until its first wait before spawn returns.
  void spawn(Task<void> task);
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  void cancel_all() noexcept;

 private:
  struct Node {
    Node* previous = nullptr;
    Node* next = nullptr;
    std::coroutine_handle<> runner;
  };
  struct Runner;
  static Runner run(TaskGroup& group, Task<void> task);

  Node* first_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sallyport::async
