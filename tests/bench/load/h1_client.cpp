#include "h1_client.h"

#include "cpu_time.h"

#include <cerrno>
#include <cstring>

namespace bench {

void H1Client::start() {
  transport_.connect();
  poller_.watch(transport_.fd(), *this);
  send_next();
}

void H1Client::send_next() {
  if (events_.take_turn(*this)) {
    ask();
  } else {
    waits_ = false;
  }
}

void H1Client::ask() {
  waits_ = true;
  sent_at_ = now_ns();
  transport_.start(request_);
  if (!transport_.flush()) fail("the connection broke while the request was sent");
}

void H1Client::reconnect() {
  transport_.close();
  start();
}

void H1Client::ready() {
  static char buffer[65536];
  if (!transport_.flush()) return fail("the connection broke while the request was sent");
  for (;;) {
    const ssize_t got = transport_.receive(buffer);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return fail(std::string("the connection broke: ") + std::strerror(errno));
    if (got == 0) return fail("the connection was closed");
    if (!waits_) return fail("bytes that nobody asked for");
    const auto state = reader_.take({buffer, static_cast<std::size_t>(got)});
    if (state == ResponseReader::State::kWrong) return fail(reader_.reason());
    if (state == ResponseReader::State::kComplete) {
      events_.done(now_ns() - sent_at_);
      return reader_.closes() ? reconnect() : send_next();
    }
    if (transport_.is_drained(static_cast<std::size_t>(got), sizeof buffer)) return;
  }
}

// A connection that ends while no request is under way fails none, but an idle client has no other requests to send.
void H1Client::fail(const std::string& reason) {
  reader_.restart();
  transport_.close();
  if (!waits_) return;
  events_.failed(reason);
  start();
}

}  // namespace bench
