// The floor under every proxy: copies bytes both ways between TCP connections and parses nothing.
//
// usage: forwarder --listen PORT --upstream PORT
// One thread. Each client gets an upstream connection of its own; what one side cannot take yet stops the reading on
// the other.

#include "sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bench {
namespace {

class Pair;

class Side final : public Endpoint {
 public:
  Side(Pair& pair, int fd) : socket_(fd), pair_(pair) {}
  void ready() override;

  // Moves what has arrived to the other side; false when the connection ended.
  bool pump();
  bool flush() { return pending_.flush(socket_.fd()); }
  int fd() const { return socket_.fd(); }

  Side* other = nullptr;

 private:
  bool give(std::string_view bytes);

  Socket socket_;
  Pair& pair_;
  std::string held_;  // what `pending_` points into
  Outgoing pending_;
};

class Forwarder;

class Pair final {
 public:
  Pair(Forwarder& forwarder, int client, int upstream)
      : forwarder_(forwarder), client_(*this, client), upstream_(*this, upstream) {
    client_.other = &upstream_;
    upstream_.other = &client_;
  }
  void watch(Poller& poller) {
    poller.watch(client_.fd(), client_);
    poller.watch(upstream_.fd(), upstream_);
  }
  void close();

 private:
  Forwarder& forwarder_;
  Side client_;
  Side upstream_;
};

class Forwarder final : public Endpoint {
 public:
  Forwarder(int port, int upstream) : upstream_(upstream), listener_(listen_on_loopback(port)) {
    poller_.watch(listener_.fd(), *this);
  }

  [[noreturn]] void run() {
    for (;;) {
      poller_.turn(-1);
      ended_.clear();
    }
  }

  void ready() override {
    for (int client; (client = accept_from(listener_.fd())) >= 0;) {
      const int upstream = connect_to_loopback(upstream_);
      if (upstream < 0) {
        close(client);
        continue;
      }
      auto pair = std::make_unique<Pair>(*this, client, upstream);
      pair->watch(poller_);
      pairs_.emplace(pair.get(), std::move(pair));
    }
  }

  // Kept until the end of the turn, in which its other side may still be told something.
  void end(Pair& pair) {
    if (auto node = pairs_.extract(&pair)) ended_.insert(std::move(node));
  }

 private:
  using Pairs = std::unordered_map<Pair*, std::unique_ptr<Pair>>;
  int upstream_;
  Poller poller_;
  Socket listener_;
  Pairs pairs_;
  Pairs ended_;
};

void Pair::close() { forwarder_.end(*this); }

void Side::ready() {
  const bool was_full = !pending_.is_done();
  const bool alive = flush() && (!was_full || !pending_.is_done() || other->pump()) && pump();
  if (!alive) pair_.close();
}

bool Side::pump() {
  static char buffer[65536];
  while (other->pending_.is_done()) {
    const ssize_t got = recv(socket_.fd(), buffer, sizeof buffer, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0 || !other->give({buffer, static_cast<std::size_t>(got)})) return false;
    if (static_cast<std::size_t>(got) < sizeof buffer) return true;
  }
  return true;
}

bool Side::give(std::string_view bytes) {
  const ssize_t sent = send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  held_.assign(bytes.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent)));
  pending_.start(held_);
  return true;
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  int port = 0;
  int upstream = 0;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::string_view(words[i]) == "--listen") port = std::atoi(words[i + 1]);
    if (std::string_view(words[i]) == "--upstream") upstream = std::atoi(words[i + 1]);
  }
  if (port == 0 || upstream == 0) bench::give_up("usage: forwarder --listen PORT --upstream PORT");
  bench::Forwarder(port, upstream).run();
}
