#pragma once
// Event: one coroutine waits, someone on the same thread sets. Setting it before anybody waits is remembered.

#include <coroutine>
#include <utility>

namespace sallyport::async {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool is_set() const noexcept { return set_; }
  void reset() noexcept { set_ = false; }

  // Resumes the waiting coroutine before it returns.
  void set() {
    set_ = true;
    if (waiting_) std::exchange(waiting_, nullptr).resume();
  }

  struct Awaiter {
    Event& event;
    bool parked = false;
    bool await_ready() const noexcept { return event.set_; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      event.waiting_ = waiting;
      parked = true;
    }
    void await_resume() noexcept { parked = false; }
    ~Awaiter() {
      if (parked) event.waiting_ = nullptr;
    }
  };
  Awaiter operator co_await() noexcept { return {*this}; }

 private:
  bool set_ = false;
  std::coroutine_handle<> waiting_;
};

}  // namespace sallyport::async
