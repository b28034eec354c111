#include "async/sockets.h"

#include "base/log.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sallyport::async {
namespace {

constexpr int kBacklog = 4096;
constexpr Milliseconds kAcceptPause{100};  // after running out of file descriptors

std::string reason(int error) { return std::strerror(error); }

void set_no_delay(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

class SocketListener final : public Listener {
 public:
  SocketListener(Reactor& reactor, int fd, Reactor::OnArrival on_arrival)
      : reactor_(reactor), fd_(fd), on_arrival_(std::move(on_arrival)), local_(local_address_of(fd)) {
    watch();
  }
  ~SocketListener() override {
    accept_queued();
    watch_.reset();
    ::close(fd_);
  }
  Address local_address() const override { return local_; }
  void set_accepting(bool accepting) override {
    accepting_ = accepting;
    watch_.reset();
    if (accepting_ && !retry_) watch();
  }

 private:
  void watch() {
    retry_.reset();
    if (!accepting_) return;
    watch_ = reactor_.watch(fd_, true, false, [this](bool, bool) { accept_queued(); });
  }

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
      on_arrival_(Arrival(fd, Address(reinterpret_cast<sockaddr*>(&peer), size)));
    }
  }

  // The queue stays as it is, so it is not watched meanwhile.
  void pause(int error) {
    log::error("cannot accept a connection on {}: {}; trying again in {} ms", local_.to_string(), reason(error),
               kAcceptPause.count());
    watch_.reset();
    retry_ = reactor_.start_timer(kAcceptPause, Reactor::Repeat::kOnce, [this] { watch(); });
  }

  Reactor& reactor_;
  int fd_;
  Reactor::OnArrival on_arrival_;
  Address local_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Timer> retry_;
  bool accepting_ = true;
};

// A path that is something else than a socket is left alone.
void remove_stale_socket(const Address& address) {
  if (address.family() != AF_UNIX) return;
  std::string path = address.to_string().substr(std::strlen("unix:"));
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

// For the error that errno has.
std::unexpected<Error> cannot(const char* step, const Address& address) {
  return fail(ErrorCode::kUnavailable, fmt::format("cannot {} {}: {}", step, address.to_string(), reason(errno)));
}

Error not_connected(const Address& address, ErrorCode code, const std::string& why) {
  return {code, "cannot connect to " + address.to_string() + ": " + why, Side::kUpstream, Retry::kSafe};
}

}  // namespace

Address local_address_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return {reinterpret_cast<sockaddr*>(&storage), size};
}

Result<int> bind_socket(const Address& address, SharePort share) {
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot("create a socket for", address);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share == SharePort::kYes) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (address.family() != AF_UNIX) set_no_delay(fd);  // accepted sockets inherit it
  remove_stale_socket(address);
  if (::bind(fd, address.data(), address.size()) == 0) return fd;
  auto error = cannot("listen on", address);
  ::close(fd);
  return error;
}

Status start_listening(int fd) {
  if (::listen(fd, kBacklog) == 0) return {};
  auto error = cannot("listen on", local_address_of(fd));
  ::close(fd);
  return error;
}

bool is_listened_on(const Address& address) {
  if (address.family() == AF_UNIX || address.port() == 0) return false;
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // then only what listens is in the way
  if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  bool taken = ::bind(fd, address.data(), address.size()) != 0 && errno == EADDRINUSE;
  ::close(fd);
  return taken;
}

std::unique_ptr<Listener> accept_from(Reactor& reactor, int fd, Reactor::OnArrival on_arrival) {
  return std::make_unique<SocketListener>(reactor, fd, std::move(on_arrival));
}

Result<Connecting> begin_connect(const Address& address) {
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(not_connected(address, ErrorCode::kUnavailable, reason(errno)));
  if (address.family() != AF_UNIX) set_no_delay(fd);
  int result = ::connect(fd, address.data(), address.size());
  if (result != 0 && errno != EINPROGRESS) {
    auto error = fail(not_connected(address, ErrorCode::kRefused, reason(errno)));
    ::close(fd);
    return error;
  }
  return Connecting{fd, result == 0};
}

Error connect_error(const Address& address, IoStatus status, int error, Milliseconds timeout) {
  if (status == IoStatus::kTimeout) {
    return not_connected(address, ErrorCode::kTimeout, fmt::format("no answer within {} ms", timeout.count()));
  }
  return not_connected(address, ErrorCode::kRefused, reason(error));
}

}  // namespace sallyport::async
