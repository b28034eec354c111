#include "client.h"

#include "cpu_time.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace bench {

void Client::start() {
  connect();
  send_next();
}

void Client::connect() {
  socket_.reset(connect_to_loopback(port_));
  if (!socket_.is_open()) give_up_with_errno("cannot connect to the proxy on port " + std::to_string(port_));
  poller_.watch(socket_.fd(), *this);
}

void Client::send_next() {
  waits_ = events_.take_turn();
  if (!waits_) return;
  sent_at_ = now_ns();
  outgoing_.start(request_);
  if (!outgoing_.flush(socket_.fd())) fail("the connection broke while the request was sent");
}

void Client::ready() {
  static char buffer[65536];
  if (!outgoing_.flush(socket_.fd())) return fail("the connection broke while the request was sent");
  for (;;) {
    const ssize_t got = recv(socket_.fd(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return fail(std::string("the connection broke: ") + std::strerror(errno));
    if (got == 0) return fail("the connection was closed");
    if (!waits_) return fail("bytes that nobody asked for");
    const auto state = reader_.take({buffer, static_cast<std::size_t>(got)});
    if (state == ResponseReader::State::kWrong) return fail(reader_.reason());
    if (state == ResponseReader::State::kComplete) {
      events_.done(now_ns() - sent_at_);
      return send_next();
    }
    if (static_cast<std::size_t>(got) < sizeof buffer) return;
  }
}

// A connection that ends while no request is under way fails none, but an idle client has no other requests to send.
void Client::fail(const std::string& reason) {
  reader_.restart();
  socket_.reset();
  if (!waits_) return;
  events_.failed(reason);
  start();
}

}  // namespace bench
