#pragma once
// A coroutine in the place of a callback: each time it is resumed it calls a member function, stands still again, and
// gives way to the coroutine that the function names. That one may destroy the owner. Belongs to its owner.

#include <coroutine>
#include <exception>
#include <utility>

namespace sallyport::tls {

class Resumption {
 public:
  struct promise_type {
    Resumption get_return_object() { return Resumption(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };

  Resumption(const Resumption&) = delete;
  Resumption& operator=(const Resumption&) = delete;
  ~Resumption() { handle_.destroy(); }

  std::coroutine_handle<> handle() const noexcept { return handle_; }

  // `step` names who goes on; std::noop_coroutine() for nobody.
  template <class Owner>
  static Resumption calling(Owner& owner, std::coroutine_handle<> (Owner::*step)()) {
    for (;;) co_await GiveWay{(owner.*step)()};
  }

 private:
  struct GiveWay {
    std::coroutine_handle<> next;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept { return next; }
    void await_resume() const noexcept {}
  };

  explicit Resumption(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace sallyport::tls
