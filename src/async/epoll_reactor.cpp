#include "async/epoll_reactor.h"

#include "async/epoll_stream.h"
#include "base/log.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace sallyport::async {
namespace {

constexpr int kBacklog = 4096;
constexpr Milliseconds kAcceptPause{100};  // after running out of file descriptors

std::string reason(int error) { return std::strerror(error); }

void set_no_delay(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Address address_of(int fd, int (*get)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (get(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return {reinterpret_cast<sockaddr*>(&storage), size};
}

class EpollListener final : public Listener, private EpollReactor::Source {
 public:
  EpollListener(EpollReactor& reactor, int fd, Reactor::OnAccept on_accept)
      : reactor_(reactor), fd_(fd), on_accept_(std::move(on_accept)), local_(address_of(fd, ::getsockname)) {
    reactor_.add(fd_, EPOLLIN | EPOLLET, *this);
  }
  ~EpollListener() override {
    accept_queued();
    reactor_.remove(fd_, *this);
    ::close(fd_);
  }
  Address local_address() const override { return local_; }

 private:
  void on_events(std::uint32_t) override { accept_queued(); }

  void accept_queued() {
    for (;;) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno != EAGAIN) pause(errno);
        return;
      }
      auto stream = std::make_unique<EpollStream>(reactor_, fd, EpollStream::State::kConnected);
      on_accept_(Accepted{std::move(stream), Address(reinterpret_cast<sockaddr*>(&peer), size),
                          address_of(fd, ::getsockname)});
    }
  }

  void pause(int error) {
    log::error("cannot accept a connection on {}: {}; trying again in {} ms", local_.to_string(), reason(error),
               kAcceptPause.count());
    retry_ = reactor_.start_timer(kAcceptPause, Reactor::Repeat::kOnce, [this] { accept_queued(); });
  }

  EpollReactor& reactor_;
  int fd_;
  Reactor::OnAccept on_accept_;
  Address local_;
  std::unique_ptr<Timer> retry_;
};

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

class WheelTimer final : public Timer, public Deadline {
 public:
  WheelTimer(EpollReactor& reactor, Milliseconds delay, Reactor::Repeat repeat, std::function<void()> fire)
      : reactor_(reactor), delay_(delay), repeat_(repeat), fire_(std::move(fire)) {
    reactor_.wheel().set(*this, reactor_.now(), delay_);
  }
  void expire() override {
    if (repeat_ == Reactor::Repeat::kEvery) reactor_.wheel().set(*this, reactor_.now(), delay_);
    auto fire = fire_;  // the call may drop this timer
    fire();
  }

 private:
  EpollReactor& reactor_;
  Milliseconds delay_;
  Reactor::Repeat repeat_;
  std::function<void()> fire_;
};

// Removes a unix socket that a former process left behind; a path that is something else is left alone.
void remove_stale_socket(const Address& address) {
  if (address.family() != AF_UNIX) return;
  std::string path = address.to_string().substr(std::strlen("unix:"));
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

}  // namespace

EpollReactor::EpollReactor() : now_(std::chrono::steady_clock::now()), wheel_(now_) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (epoll_ < 0 || wake_ < 0) throw std::runtime_error("cannot create an event loop: " + reason(errno));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // null stands for the inbox
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

EpollReactor::~EpollReactor() {
  ::close(wake_);
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

void EpollReactor::post(std::move_only_function<void()> message) {
  bool first;
  {
    std::lock_guard lock(inbox_mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(message));
  }
  if (!first) return;
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(wake_, &one, sizeof one);
}

void EpollReactor::deliver_messages() {
  std::uint64_t count;
  [[maybe_unused]] ssize_t got = ::read(wake_, &count, sizeof count);
  {
    std::lock_guard lock(inbox_mutex_);
    delivering_.swap(inbox_);
  }
  for (auto& message : delivering_) message();
  delivering_.clear();
}

Result<std::unique_ptr<Listener>> EpollReactor::listen(const Address& address, SharePort share, OnAccept on_accept) {
  auto refuse = [&](const char* step) {
    return fail(ErrorCode::kUnavailable, fmt::format("cannot {} {}: {}", step, address.to_string(), reason(errno)));
  };
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse("create a socket for");
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share == SharePort::kYes) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (address.family() != AF_UNIX) set_no_delay(fd);  // accepted sockets inherit it
  remove_stale_socket(address);
  if (::bind(fd, address.data(), address.size()) != 0 || ::listen(fd, kBacklog) != 0) {
    auto error = refuse("listen on");
    ::close(fd);
    return error;
  }
  return std::make_unique<EpollListener>(*this, fd, std::move(on_accept));
}

Task<Result<StreamPtr>> EpollReactor::connect(Address address, Milliseconds timeout) {
  auto refused = [&](ErrorCode code, std::string why) {
    return Error{code, "cannot connect to " + address.to_string() + ": " + why, Side::kUpstream, Retry::kSafe};
  };
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return fail(refused(ErrorCode::kUnavailable, reason(errno)));
  if (address.family() != AF_UNIX) set_no_delay(fd);
  int result = ::connect(fd, address.data(), address.size());
  if (result != 0 && errno != EINPROGRESS) {
    auto error = refused(ErrorCode::kRefused, reason(errno));
    ::close(fd);
    co_return fail(std::move(error));
  }
  auto state = result == 0 ? EpollStream::State::kConnected : EpollStream::State::kConnecting;
  auto stream = std::make_unique<EpollStream>(*this, fd, state);
  if (state == EpollStream::State::kConnecting) {
    IoStatus status = co_await stream->send({}, timeout);
    if (status == IoStatus::kTimeout) {
      co_return fail(refused(ErrorCode::kTimeout, fmt::format("no answer within {} ms", timeout.count())));
    }
    if (status != IoStatus::kOk) co_return fail(refused(ErrorCode::kRefused, reason(stream->last_error())));
  }
  co_return StreamPtr(std::move(stream));
}

std::unique_ptr<Timer> EpollReactor::start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) {
  return std::make_unique<WheelTimer>(*this, delay, repeat, std::move(fire));
}

std::unique_ptr<Watch> EpollReactor::watch(int fd, bool readable, bool writable, OnReady on_ready) {
  std::uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  return std::make_unique<EpollWatch>(*this, fd, events, std::move(on_ready));
}

}  // namespace sallyport::async
