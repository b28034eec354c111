#pragma once
// The event loop of one thread: streams, listeners, timers, and messages from other threads.
// One interface, two implementations (epoll, io_uring); everything but `post` is called on the loop's own thread.

#include "async/address.h"
#include "async/arrival.h"
#include "async/buffer_pool.h"
#include "async/stream.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace sallyport::async {

// A callback at a time. Dropping it stops it.
class Timer {
 public:
  virtual ~Timer() = default;
};

// Accepts connections until dropped; what the kernel has queued by then is accepted first.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual Address local_address() const = 0;
  // False: what comes waits in the kernel's queue until it is true again.
  virtual void set_accepting(bool accepting) = 0;
};

// A file descriptor of somebody else that the loop watches (name lookup, signals). Dropping it stops watching.
class Watch {
 public:
  virtual ~Watch() = default;
};

struct Accepted {
  StreamPtr stream;
  Address peer;
  Address local;
};

enum class SharePort { kNo, kYes };  // SO_REUSEPORT: several loops listen on one address

class Reactor {
 public:
  using OnAccept = std::function<void(Accepted)>;
  using OnArrival = std::function<void(Arrival)>;
  using OnReady = std::function<void(bool readable, bool writable)>;

  // `buffer_size`: bytes of a read buffer.
  explicit Reactor(std::size_t buffer_size = BufferPool::kUsual) : buffers_(buffer_size) {}
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  virtual ~Reactor() = default;

  virtual void run() = 0;                                          // until stop
  virtual void stop() = 0;                                         // from the loop's own thread; others post it
  virtual void post(std::move_only_function<void()> message) = 0;  // from any thread, in order per sender

  // `post` for who may outlive the loop: a message to one that is gone ends at once, where it was posted. A loop that
  // nobody outlives may do without.
  using Post = std::function<void(std::move_only_function<void()>)>;
  virtual Post poster() {
    return [this](std::move_only_function<void()> message) { post(std::move(message)); };
  }

  // The time at the start of this turn of the loop.
  virtual SteadyTime now() const = 0;

  // The time from now to `deadline`; never 0, so that what has arrived by now still counts.
  Milliseconds until(SteadyTime deadline) const {
    return std::max(std::chrono::ceil<Milliseconds>(deadline - now()), Milliseconds(1));
  }

  // Error: kUnavailable with the address and the reason.
  virtual Result<std::unique_ptr<Listener>> listen(const Address& address, SharePort share, OnAccept on_accept) = 0;
  // As above, with a socket that is bound, and may listen already; the listener owns it from now on. Who hears of an
  // arrival lets this loop or another one `adopt` it.
  virtual Result<std::unique_ptr<Listener>> listen_on(int socket, OnArrival on_arrival) = 0;
  virtual Accepted adopt(Arrival arrival) = 0;

  // Error: kRefused, kTimeout or kUnavailable; all safe to retry elsewhere, side upstream.
  virtual Task<Result<StreamPtr>> connect(Address address, Milliseconds timeout) = 0;

  // Calls `fire` once after `delay`, or every `delay` (measured from the end of the last call).
  enum class Repeat { kOnce, kEvery };
  virtual std::unique_ptr<Timer> start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) = 0;

  virtual std::unique_ptr<Watch> watch(int fd, bool readable, bool writable, OnReady on_ready) = 0;

  // Called at the end of every turn of the loop (batched writes, counters).
  virtual void at_turn_end(std::function<void()> action) = 0;

  // co_await reactor.sleep(d)
  class Sleep {
   public:
    Sleep(Reactor& reactor, Milliseconds delay) : reactor_(reactor), delay_(delay) {}
    bool await_ready() const noexcept { return delay_.count() <= 0; }
    void await_suspend(std::coroutine_handle<> waiting) {
      timer_ = reactor_.start_timer(delay_, Repeat::kOnce, [waiting] { waiting.resume(); });
    }
    void await_resume() const noexcept {}

   private:
    Reactor& reactor_;
    Milliseconds delay_;
    std::unique_ptr<Timer> timer_;
  };
  Sleep sleep(Milliseconds delay) { return {*this, delay}; }

  // Which its streams read into.
  BufferPool& buffers() noexcept { return buffers_; }

 private:
  BufferPool buffers_;
};

}  // namespace sallyport::async
