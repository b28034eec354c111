#pragma once
// Loopback TCP sockets and the one epoll set that a bench process turns.
// All of it belongs to one thread. What cannot go on ends the process with a message: there is nothing to save.

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] void give_up(const std::string& what);             // prints `what` and exits with 1
[[noreturn]] void give_up_with_errno(const std::string& what);  // as give_up, with the system's reason

// Close on destruction. Neither copied nor moved, so that an address given to the poller stays right.
class Socket final {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { reset(); }

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

int listen_on_loopback(int port);   // not blocking; port 0 lets the system choose
int connect_to_loopback(int port);  // waits for it up to 10 s, then does not block; -1 with errno when refused
int accept_from(int listener);      // not blocking; -1 when nobody waits
int port_of(int listener);
void never_delay(int fd);  // TCP_NODELAY

// What is still to be sent on a socket. The bytes belong to someone who outlives the sending.
class Outgoing final {
 public:
  void start(std::string_view bytes) { left_ = bytes; }
  bool is_done() const { return left_.empty(); }
  // Sends what the socket takes now; false when the connection is broken.
  bool flush(int fd);

 private:
  std::string_view left_;
};

// Something that is told when its socket can be read or written.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void ready() = 0;
};

// Edge-triggered: an endpoint reads and writes until the socket would block.
class Poller final {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `endpoint` outlives its place in the set, which ends with the closing of `fd`.
  void watch(int fd, Endpoint& endpoint);
  // Serves what is ready; false when nothing was. Waits at most that long (-1: for ever).
  bool turn(int milliseconds);

 private:
  Socket epoll_;
};

}  // namespace bench
