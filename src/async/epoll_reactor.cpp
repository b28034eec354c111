#include "async/epoll_reactor.h"

#include "async/epoll_stream.h"
#include "async/sockets.h"
#include "async/wheel_timer.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace sallyport::async {
namespace {

class EpollWatch final : public Watch, private EpollReactor::Source {
 public:
  EpollWatch(EpollReactor& reactor, int fd, std::uint32_t events, Reactor::OnReady on_ready)
      : reactor_(reactor), fd_(fd), on_ready_(std::move(on_ready)) {
    reactor_.add(fd_, events, *this);
  }
  ~EpollWatch() override { reactor_.remove(fd_, *this); }

 private:
  void on_events(std::uint32_t events) override {
    auto on_ready = on_ready_;  // the call may drop this watch
    on_ready((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0, (events & (EPOLLOUT | EPOLLERR)) != 0);
  }
  EpollReactor& reactor_;
  int fd_;
  Reactor::OnReady on_ready_;
};

}  // namespace

EpollReactor::EpollReactor(std::size_t buffer_size)
    : Reactor(buffer_size), now_(std::chrono::steady_clock::now()), wheel_(now_) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::runtime_error(std::string("cannot create an event loop: ") + std::strerror(errno));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // null stands for the inbox
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, inbox_->descriptor(), &event);
}

EpollReactor::~EpollReactor() {
  inbox_->close();
  ::close(epoll_);
}

void EpollReactor::add(int fd, std::uint32_t events, Source& source) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &source;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void EpollReactor::remove(int fd, Source& source) noexcept {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = current_ + 1; i < ready_; ++i) {
    if (events_[i].data.ptr == &source) events_[i].events = 0;
  }
}

void EpollReactor::run() {
  stopping_ = false;
  while (!stopping_) turn();
}

void EpollReactor::turn() {
  constexpr Milliseconds kLongestSleep{1000};
  auto sleep = wheel_.until_next(now_, kLongestSleep);
  ready_ = ::epoll_wait(epoll_, events_, kEventsPerTurn, static_cast<int>(sleep.count()));
  now_ = std::chrono::steady_clock::now();
  bool messages = false;
  for (current_ = 0; current_ < ready_; ++current_) {
    epoll_event& event = events_[current_];
    if (event.events == 0) continue;
    if (!event.data.ptr) {
      messages = true;
      continue;
    }
    static_cast<Source*>(event.data.ptr)->on_events(event.events);
  }
  ready_ = current_ = 0;
  wheel_.advance(now_);
  if (messages) deliver_messages();
  for (auto& action : turn_end_) action();
}

void EpollReactor::deliver_messages() {
  std::uint64_t count;
  [[maybe_unused]] ssize_t got = ::read(inbox_->descriptor(), &count, sizeof count);
  inbox_->deliver();
}

Result<std::unique_ptr<Listener>> EpollReactor::listen(const Address& address, SharePort share, OnAccept on_accept) {
  TRY(int socket, bind_socket(address, share));
  return listen_on(socket,
                   [this, on_accept = std::move(on_accept)](Arrival arrival) { on_accept(adopt(std::move(arrival))); });
}

Result<std::unique_ptr<Listener>> EpollReactor::listen_on(int socket, OnArrival on_arrival) {
  TRY_STATUS(start_listening(socket));
  return accept_from(*this, socket, std::move(on_arrival));
}

Accepted EpollReactor::adopt(Arrival arrival) {
  const int socket = arrival.release();
  auto stream = std::make_unique<EpollStream>(*this, socket, EpollStream::State::kConnected);
  return {std::move(stream), arrival.peer(), local_address_of(socket)};
}

Task<Result<StreamPtr>> EpollReactor::connect(Address address, Milliseconds timeout) {
  CO_TRY(Connecting begun, begin_connect(address));
  auto state = begun.connected ? EpollStream::State::kConnected : EpollStream::State::kConnecting;
  auto stream = std::make_unique<EpollStream>(*this, begun.fd, state);
  if (!begun.connected) {
    IoStatus status = co_await stream->send({}, timeout);
    if (status != IoStatus::kOk) co_return fail(connect_error(address, status, stream->last_error(), timeout));
  }
  co_return StreamPtr(std::move(stream));
}

std::unique_ptr<Timer> EpollReactor::start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) {
  return std::make_unique<WheelTimer>(*this, wheel_, delay, repeat, std::move(fire));
}

std::unique_ptr<Watch> EpollReactor::watch(int fd, bool readable, bool writable, OnReady on_ready) {
  std::uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  return std::make_unique<EpollWatch>(*this, fd, events, std::move(on_ready));
}

}  // namespace sallyport::async
