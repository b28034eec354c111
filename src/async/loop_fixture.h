#pragma once
// A loop with real sockets in the thread of a unit test; no part of the product.

#include "async/event.h"
#include "async/reactor_fixture.h"
#include "async/task_group.h"

#include <functional>
#include <memory>
#include <utility>

namespace sallyport::async {

class Loop {
 public:
  // Longer than any wait of a test that goes well.
  static constexpr Milliseconds kLong{10'000};

  explicit Loop(std::unique_ptr<Reactor> own = usual_reactor()) : reactor_(std::move(own)) {}
  ~Loop() { tasks.cancel_all(); }

  // Runs the loop until `work` has ended.
  void run(Task<void> work) {
    tasks.spawn(stop_after(std::move(work)));
    reactor.run();
  }
  // Lets the loop turn until `condition` holds.
  Task<void> until(std::function<bool()> condition) {
    while (!condition()) co_await turn();
  }
  // Everything that is ready now has been handled afterwards.
  Task<void> turn() {
    Event turned;
    reactor.post([&turned] { turned.set(); });
    co_await turned;
  }

 private:
  std::unique_ptr<Reactor> reactor_;

 public:
  Reactor& reactor = *reactor_;
  TaskGroup tasks;

 private:
  Task<void> stop_after(Task<void> work) {
    co_await work;
    reactor.post([this] { reactor.stop(); });
  }
};

// Listens on a free port of 127.0.0.1 and hands connections over in the order in which they came.
class LoopbackServer {
 public:
  explicit LoopbackServer(Reactor& reactor) {
    auto accept = [this](Accepted connection) {
      waiting_.push_back(std::move(connection));
      came_.set();
    };
    listener_ = std::move(reactor.listen(*Address::from_ip("127.0.0.1", 0), SharePort::kNo, accept).value());
    address_ = listener_->local_address();
  }

  const Address& address() const { return address_; }
  Task<StreamPtr> accept() {
    while (waiting_.empty()) {
      came_.reset();
      co_await came_;
    }
    StreamPtr first = std::move(waiting_.front().stream);
    waiting_.erase(waiting_.begin());
    co_return first;
  }
  std::size_t waiting() const { return waiting_.size(); }
  // Refuses connections from now on; those that wait are dropped.
  void close() {
    listener_.reset();
    waiting_.clear();
  }

 private:
  std::vector<Accepted> waiting_;
  Event came_;
  std::unique_ptr<Listener> listener_;
  Address address_;
};

}  // namespace sallyport::async
