#pragma once
// SideBySide runs Tasks at once, on one thread, and ends when all have ended:
//   SideBySide parts(std::move(tasks));
//   co_await parts;
// Each starts when the whole is awaited. Dropping it drops those that have not ended. An exception of one is thrown
// when all have ended, the first one alone. Awaited once, by one coroutine.
//
// A TaskGroup with an Event would not do: there the part that ends last resumes who waits while it is still running
// itself, and who then ends with the group destroys it under its own feet. Here a part has ended for good before the
// waiting coroutine is resumed.

#include "async/task.h"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace sallyport::async {

class SideBySide final {
 public:
  explicit SideBySide(std::vector<Task<void>> tasks) {
    parts_.reserve(tasks.size());
    for (Task<void>& task : tasks) parts_.push_back(run(*this, std::move(task)));
  }
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;
  ~SideBySide() {
    for (Part part : parts_) part.runner.destroy();
  }

  bool await_ready() const noexcept { return parts_.empty(); }
  // Starting them counts as one part more, so that none resumes who is not waiting yet.
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    left_ = parts_.size() + 1;
    for (Part part : parts_) part.runner.resume();
    return ended();
  }
  void await_resume() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  // The coroutine that owns one Task. It stays, suspended, until the whole is destroyed.
  struct Part {
    struct promise_type {
      SideBySide& whole;

      promise_type(SideBySide& its_whole, Task<void>&) : whole(its_whole) {}
      static void* operator new(std::size_t size) { return allocate_frame(size); }
      static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

      struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
          return self.promise().whole.ended();
        }
        void await_resume() const noexcept {}
      };
      Part get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      std::suspend_always initial_suspend() const noexcept { return {}; }
      FinalAwaiter final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() noexcept {
        if (!whole.thrown_) whole.thrown_ = std::current_exception();
      }
    };
    std::coroutine_handle<promise_type> runner;
  };

  static Part run(SideBySide&, Task<void> task) { co_await task; }
  // What goes on then: who waits, behind the last one.
  std::coroutine_handle<> ended() noexcept { return --left_ == 0 ? waiting_ : std::noop_coroutine(); }

  std::vector<Part> parts_;
  std::coroutine_handle<> waiting_;
  std::size_t left_ = 0;
  std::exception_ptr thrown_;
};

}  // namespace sallyport::async
