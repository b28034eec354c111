#pragma once
// Mutex: one coroutine at a time, in the order in which they came. For coroutines of one thread, whose work between two
// waits is never interrupted, but whose work across a wait is.

#include <coroutine>
#include <utility>

namespace sallyport::async {

class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  bool is_locked() const noexcept { return locked_; }

  // Keeps the mutex locked while it lives.
  class [[nodiscard]] Lock {
   public:
    Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock() {
      if (mutex_) mutex_->unlock();
    }

   private:
    friend class Mutex;
    explicit Lock(Mutex& mutex) noexcept : mutex_(&mutex) {}
    Mutex* mutex_;
  };

  class Awaiter {
   public:
    explicit Awaiter(Mutex& mutex) noexcept : mutex_(mutex) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (queued_) mutex_.remove(*this);  // the waiting coroutine was dropped
    }
    bool await_ready() const noexcept { return !mutex_.locked_ && !mutex_.first_; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      waiting_ = waiting;
      mutex_.append(*this);
    }
    Lock await_resume() noexcept {
      mutex_.locked_ = true;
      return Lock(mutex_);
    }

   private:
    friend class Mutex;
    Mutex& mutex_;
    std::coroutine_handle<> waiting_;
    Awaiter* previous_ = nullptr;
    Awaiter* next_ = nullptr;
    bool queued_ = false;
  };

  // Mutex::Lock lock = co_await mutex.lock();
  Awaiter lock() noexcept { return Awaiter(*this); }

 private:
  void append(Awaiter& waiter) noexcept {
    waiter.queued_ = true;
    waiter.previous_ = last_;
    (last_ ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
  }

  void remove(Awaiter& waiter) noexcept {
    (waiter.previous_ ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.queued_ = false;
  }

  // Resumes the next waiting coroutine. One that unlocks before it waits does so inside this loop and leaves the next
  // to it, so that the stack does not grow with the queue.
  void unlock() {
    locked_ = false;
    if (handing_over_) return;
    handing_over_ = true;
    while (!locked_ && first_) {
      Awaiter& next = *first_;
      remove(next);
      next.waiting_.resume();
    }
    handing_over_ = false;
  }

  bool locked_ = false;
  bool handing_over_ = false;
  Awaiter* first_ = nullptr;
  Awaiter* last_ = nullptr;
};

}  // namespace sallyport::async
