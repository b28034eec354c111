#pragma once
// The loop on io_uring. May be made and prepared on another thread, then belongs to the one that runs it first; only
// `post` may be called from others.

#include "async/inbox.h"
#include "async/reactor.h"
#include "async/timer_wheel.h"
#include "async/uring_ring.h"
#include "async/uring_socket.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport::async {

class UringReactor final : public Reactor {
 public:
  // Error: kUnavailable with what this kernel lacks or forbids.
  static Result<std::unique_ptr<UringReactor>> open(std::size_t buffer_size = BufferPool::kUsual);
  ~UringReactor() override;

  void run() override;
  void stop() override { stopping_ = true; }
  void post(std::move_only_function<void()> message) override { inbox_->post(std::move(message)); }
  Post poster() override { return poster_of(inbox_); }
  SteadyTime now() const override { return now_; }
  Result<std::unique_ptr<Listener>> listen(const Address& address, SharePort share, OnAccept on_accept) override;
  Result<std::unique_ptr<Listener>> listen_on(int socket, OnArrival on_arrival) override;
  Accepted adopt(Arrival arrival) override;
  Task<Result<StreamPtr>> connect(Address address, Milliseconds timeout) override;
  std::unique_ptr<Timer> start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) override;
  std::unique_ptr<Watch> watch(int fd, bool readable, bool writable, OnReady on_ready) override;
  void at_turn_end(std::function<void()> action) override { turn_end_.push_back(std::move(action)); }

  // For the streams and watches of this loop:
  UringRing& ring() noexcept { return *ring_; }
  TimerWheel& wheel() noexcept { return wheel_; }
  // Sockets whose stream has ended before their last completion.
  void keep(std::unique_ptr<UringSocket> socket);
  void free(UringSocket& socket) { ending_.erase(&socket); }

 private:
  explicit UringReactor(std::size_t buffer_size);
  void turn();
  void take_messages();

  SteadyTime now_;
  TimerWheel wheel_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  bool stopping_ = false;
  bool has_messages_ = false;
  std::vector<std::function<void()>> turn_end_;
  std::unordered_map<UringSocket*, std::unique_ptr<UringSocket>> ending_;
  std::unique_ptr<UringRing> ring_;  // ends before what its operations use
  std::unique_ptr<Watch> wake_;
};

}  // namespace sallyport::async
