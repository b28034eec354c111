#pragma once
// Task<T>: work that may wait. It holds either a value that is already there (no frame, no cost) or a coroutine, which
// starts when it is awaited. The Task owns the coroutine: dropping it cancels the work, whose clean-up is in
// destructors. A Task belongs to one thread and is awaited once.

#include "async/frame_pool.h"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace sallyport::async {

template <class T>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr thrown;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (thrown) [[unlikely]]
      std::rethrow_exception(thrown);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (thrown) [[unlikely]]
      std::rethrow_exception(thrown);
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(T value) : value_(std::move(value)) {}  // NOLINT: a value is a finished Task
  template <class U>
    requires(std::is_constructible_v<T, U> && !std::is_same_v<std::remove_cvref_t<U>, Task> &&
             !std::is_same_v<std::remove_cvref_t<U>, T>)
  Task(U&& value) : value_(std::in_place, std::forward<U>(value)) {}  // NOLINT
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), value_(std::move(other.value_)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
      value_ = std::move(other.value_);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Whether awaiting it would not wait.
  bool is_ready() const noexcept { return !handle_; }
  T take_value() { return std::move(*value_); }

  struct Awaiter {
    Task& task;
    bool await_ready() const noexcept { return task.is_ready(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
      task.handle_.promise().continuation = waiting;
      return task.handle_;
    }
    T await_resume() const {
      if (task.is_ready()) return task.take_value();
      return task.handle_.promise().take();
    }
  };
  Awaiter operator co_await() && noexcept { return {*this}; }
  Awaiter operator co_await() & noexcept { return {*this}; }

 private:
  Handle handle_;  // null: finished from the start, and `value_` is there
  std::optional<T> value_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  using promise_type = detail::Promise<void>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() noexcept = default;  // finished
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool is_ready() const noexcept { return !handle_; }

  struct Awaiter {
    Task& task;
    bool await_ready() const noexcept { return task.is_ready(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
      task.handle_.promise().continuation = waiting;
      return task.handle_;
    }
    void await_resume() const {
      if (task.handle_) task.handle_.promise().take();
    }
  };
  Awaiter operator co_await() && noexcept { return {*this}; }
  Awaiter operator co_await() & noexcept { return {*this}; }

 private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

}  // namespace sallyport::async
