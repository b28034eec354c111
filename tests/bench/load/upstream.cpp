#include "upstream.h"

#include "head_text.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>

namespace bench {

// One connection from the proxy. It owns nothing but its socket and the part of a request that has arrived.
class Upstream::Connection final : public Endpoint {
 public:
  Connection(Upstream& owner, int fd) : owner_(owner), socket_(fd) {}

  void ready() override {
    static char buffer[65536];
    if (!answer_.flush(socket_.fd())) return owner_.end(*this);
    for (;;) {
      const ssize_t got = recv(socket_.fd(), buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0 || !take({buffer, static_cast<std::size_t>(got)})) return owner_.end(*this);
      if (static_cast<std::size_t>(got) < sizeof buffer) return;
    }
  }

 private:
  bool take(std::string_view bytes) {
    if (!has_head_) {
      // A GET that arrived in one piece, the usual case.
      if (held_.empty() && bytes.starts_with("GET ") && bytes.ends_with("\r\n\r\n")) return answer(bytes);
      held_.append(bytes);
      const std::size_t end = held_.find("\r\n\r\n");
      if (end == std::string::npos) return true;
      has_head_ = true;
      const std::string lower = in_lower_case(std::string_view(held_).substr(0, end + 2));
      length_ = lower.find("\r\ntransfer-encoding: chunked") != std::string::npos
                    ? std::nullopt
                    : std::optional(end + 4 + content_length(lower).value_or(0));
    } else {
      held_.append(bytes);
    }
    if (!is_whole()) return true;
    const bool alive = answer(held_);
    held_.clear();
    has_head_ = false;
    return alive;
  }

  // The body is one letter over and over, so that the last chunk cannot be mistaken.
  bool is_whole() const { return length_ ? held_.size() >= *length_ : held_.ends_with("\r\n0\r\n\r\n"); }

  bool answer(std::string_view request) {
    if (owner_.first_request_.empty()) owner_.first_request_ = request.substr(0, request.find("\r\n\r\n") + 4);
    answer_.start(owner_.response_);
    return answer_.flush(socket_.fd());
  }

  Upstream& owner_;
  Socket socket_;
  std::string held_;
  bool has_head_ = false;
  std::optional<std::size_t> length_;  // of the whole request; none when it is chunked
  Outgoing answer_;
};

Upstream::Upstream(int port, std::size_t body_bytes, Poller& poller)
    : poller_(poller), listener_(listen_on_loopback(port)), body_bytes_(body_bytes) {
  response_ =
      "HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Sat, 21 Nov 2026 07:16:34 GMT\r\nContent-Type: text/plain\r\n"
      "Content-Length: " +
      std::to_string(body_bytes) + "\r\nConnection: keep-alive\r\n\r\n" + std::string(body_bytes, 'a');
  poller_.watch(listener_.fd(), *this);
}

Upstream::~Upstream() = default;

std::string_view Upstream::body() const { return std::string_view(response_).substr(response_.size() - body_bytes_); }

void Upstream::ready() {
  for (int fd; (fd = accept_from(listener_.fd())) >= 0;) {
    auto connection = std::make_unique<Connection>(*this, fd);
    poller_.watch(fd, *connection);
    connections_.emplace(connection.get(), std::move(connection));
  }
}

void Upstream::end(const Connection& connection) { connections_.erase(&connection); }

}  // namespace bench
