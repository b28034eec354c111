#pragma once
// Tasks at work in unit tests; no part of the product.

#include "async/task.h"
#include "async/task_group.h"

#include <optional>
#include <utility>

namespace sallyport::async {

// A Task that was started: its result appears once it is there. Dropping it drops the Task.
template <class T>
class Running {
 public:
  explicit Running(Task<T> task) { group_.spawn(keep(std::move(task))); }
  bool is_done() const { return result_.has_value(); }
  T& result() { return result_.value(); }  // throws where it is not there
  void drop() { group_.cancel_all(); }

 private:
  Task<void> keep(Task<T> task) { result_.emplace(co_await task); }

  std::optional<T> result_;
  TaskGroup group_;
};

// The result of a Task that waits for nothing outside.
template <class T>
T finish(Task<T> task) {
  return std::move(Running<T>(std::move(task)).result());
}

}  // namespace sallyport::async
