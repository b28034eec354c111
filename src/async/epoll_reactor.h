#pragma once
// The loop on epoll, edge-triggered. Belongs to the thread that runs it; only `post` may be called from others.

#include "async/inbox.h"
#include "async/reactor.h"
#include "async/timer_wheel.h"

#include <sys/epoll.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::async {

class EpollReactor final : public Reactor {
 public:
  explicit EpollReactor(std::size_t buffer_size = BufferPool::kUsual);
  ~EpollReactor() override;

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

  // For the sources of this loop (streams, listeners, watches):
  class Source {
   public:
    virtual void on_events(std::uint32_t events) = 0;

   protected:
    ~Source() = default;
  };
  void add(int fd, std::uint32_t events, Source& source);
  void remove(int fd, Source& source) noexcept;  // also forgets events of this turn that wait for it
  TimerWheel& wheel() noexcept { return wheel_; }

 private:
  void turn();
  void deliver_messages();

  static constexpr int kEventsPerTurn = 256;
  int epoll_ = -1;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  SteadyTime now_;
  TimerWheel wheel_;
  bool stopping_ = false;
  std::vector<std::function<void()>> turn_end_;

  epoll_event events_[kEventsPerTurn];
  int ready_ = 0;    // events of this turn
  int current_ = 0;  // the one being handled
};

}  // namespace sallyport::async
