// A saturating load: HTTP/1.1 clients and, if asked, the upstream behind the proxy, in one thread that never sleeps, so
// that no proxy pays for waking its peers.
//
// usage: load --proxy PORT --upstream PORT|0 --connections N --seconds S [--path P] [--header 'Name: value']...
//             [--body BYTES] [--expect STATUS] [--expect-header Name]
// Prints one JSON object: requests, rps, errors, latency quantiles in microseconds. Closed loop: each connection sends
// its next request when the last response has arrived.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Options {
  int proxy = 0;
  int upstream = 0;
  int connections = 50;
  double seconds = 5;
  std::string path = "/";
  std::string headers;
  std::size_t body = 100;
  std::string expected_status = "200";
  std::string expected_header;
};

std::uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

enum class Role { kListener, kUpstream, kClient };

struct Peer {
  Peer(Role is, int descriptor) : role(is), fd(descriptor) {}
  Role role;
  int fd;
  std::uint64_t sent_at = 0;
  std::size_t got = 0;       // bytes of the present response
  std::size_t expected = 0;  // its length, once the head is known
  std::string head;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(epoll_create1(0)) {
    request_ = "GET " + options.path +
               " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
               "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
               "Accept: application/json, text/plain, */*\r\nAccept-Encoding: gzip, deflate\r\n"
               "Cookie: session=0123456789abcdef0123456789abcdef; lang=en\r\n"
               "X-Trace-Id: 7f9d3c1e-6a5b-4c3d-8e2f-1a0b9c8d7e6f\r\n" +
               options.headers + "\r\n";
    response_ =
        "HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Sat, 21 Nov 2026 07:16:34 GMT\r\n"
        "Content-Type: text/plain\r\nContent-Length: " +
        std::to_string(options.body) + "\r\nConnection: keep-alive\r\n\r\n" + std::string(options.body, 'a');
  }

  int run() {
    if (options_.upstream != 0) listen();
    connect_all();
    std::uint64_t start = now();
    std::uint64_t warm = start + 500'000'000;
    std::uint64_t end = warm + static_cast<std::uint64_t>(options_.seconds * 1e9);
    for (auto& client : clients_) send_request(*client);
    std::uint64_t last_event = start;
    for (std::uint64_t time = start; time < end; time = now()) {
      if (!counting_ && time >= warm) start_counting();
      if (turn()) {
        last_event = time;
      } else if (time - last_event > 300'000) {
        usleep(10);  // a spinning thread would keep the kernel's softirq thread of this core from running
        last_event = now();
      }
    }
    report(static_cast<double>(now() - warm) / 1e9);
    return errors_ == 0 ? 0 : 1;
  }

 private:
  void watch(Peer& peer) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
  }

  void listen() {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    no_delay(fd);
    sockaddr_in address = loopback(options_.upstream);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 4096) != 0) {
      give_up("cannot listen as the upstream");
    }
    listener_.fd = fd;
    watch(listener_);
  }

  void connect_all() {
    for (int i = 0; i < options_.connections; ++i) {
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address = loopback(options_.proxy);
      if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        give_up("cannot connect to the proxy");
      no_delay(fd);
      fcntl(fd, F_SETFL, O_NONBLOCK);
      clients_.push_back(std::make_unique<Peer>(Role::kClient, fd));
      watch(*clients_.back());
    }
  }

  void start_counting() {
    counting_ = true;
    requests_ = 0;
    std::fill(histogram_.begin(), histogram_.end(), 0);
    std::puts("START");
    std::fflush(stdout);
  }

  bool turn() {
    epoll_event events[256];
    int ready = epoll_wait(epoll_, events, 256, 0);
    for (int i = 0; i < ready; ++i) {
      Peer& peer = *static_cast<Peer*>(events[i].data.ptr);
      if (peer.role == Role::kListener) {
        accept_all();
      } else {
        receive(peer);
      }
    }
    return ready > 0;
  }

  void accept_all() {
    for (int fd; (fd = accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      upstreams_.push_back(std::make_unique<Peer>(Role::kUpstream, fd));
      watch(*upstreams_.back());
    }
  }

  void receive(Peer& peer) {
    static char buffer[65536];
    ssize_t got = recv(peer.fd, buffer, sizeof buffer, 0);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) return;
      if (peer.role == Role::kClient) ++errors_;
      close(peer.fd);
      return;
    }
    std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (peer.role == Role::kUpstream) {
      if (!bytes.ends_with("\r\n\r\n")) return;
      if (send(peer.fd, response_.data(), response_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(response_.size())) {
        ++errors_;
      }
      return;
    }
    receive_response(peer, bytes);
  }

  // Every response of a run has the length of the first one on its connection.
  void receive_response(Peer& peer, std::string_view bytes) {
    if (peer.expected == 0) {
      peer.head.append(bytes);
      if (!learn_length(peer)) return;
      peer.got = peer.head.size();
    } else {
      peer.got += bytes.size();
    }
    if (peer.got < peer.expected) return;
    if (peer.got != peer.expected) ++errors_;
    std::uint64_t latency = (now() - peer.sent_at) / 1000;
    histogram_[std::min<std::uint64_t>(latency, histogram_.size() - 1)]++;
    ++requests_;
    send_request(peer);
  }

  bool learn_length(Peer& peer) {
    std::size_t end = peer.head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    std::string lower = peer.head.substr(0, end + 2);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    std::size_t length = lower.find("\r\ncontent-length: ");
    bool expected =
        peer.head.compare(9, 3, options_.expected_status) == 0 && length != std::string::npos &&
        (options_.expected_header.empty() || lower.find("\r\n" + options_.expected_header + ":") != std::string::npos);
    if (!expected) {
      std::fprintf(stderr, "load: not the expected response:\n%s\n", peer.head.c_str());
      std::exit(1);
    }
    peer.expected = end + 4 + static_cast<std::size_t>(std::atoll(lower.c_str() + length + 18));
    return true;
  }

  void send_request(Peer& peer) {
    peer.sent_at = now();
    peer.got = 0;
    if (send(peer.fd, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) ++errors_;
  }

  std::uint64_t quantile(double part) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < histogram_.size(); ++i) {
      seen += histogram_[i];
      if (static_cast<double>(seen) >= part * static_cast<double>(requests_)) return i;
    }
    return histogram_.size();
  }

  void report(double seconds) const {
    std::printf(R"({"requests": %llu, "rps": %.1f, "errors": %llu, "p50_us": %llu, "p99_us": %llu, "p999_us": %llu})"
                "\n",
                static_cast<unsigned long long>(requests_), static_cast<double>(requests_) / seconds,
                static_cast<unsigned long long>(errors_), static_cast<unsigned long long>(quantile(0.5)),
                static_cast<unsigned long long>(quantile(0.99)), static_cast<unsigned long long>(quantile(0.999)));
  }

  const Options& options_;
  int epoll_;
  std::string request_;
  std::string response_;
  Peer listener_{Role::kListener, -1};
  std::vector<std::unique_ptr<Peer>> upstreams_;
  std::vector<std::unique_ptr<Peer>> clients_;
  std::vector<std::uint32_t> histogram_ = std::vector<std::uint32_t>(200'001);
  std::uint64_t requests_ = 0;
  std::uint64_t errors_ = 0;
  bool counting_ = false;
};

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    std::string_view name = words[i];
    const char* value = words[i + 1];
    if (name == "--proxy") {
      options.proxy = std::atoi(value);
    } else if (name == "--upstream") {
      options.upstream = std::atoi(value);
    } else if (name == "--connections") {
      options.connections = std::atoi(value);
    } else if (name == "--seconds") {
      options.seconds = std::atof(value);
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--header") {
      options.headers += std::string(value) + "\r\n";
    } else if (name == "--body") {
      options.body = static_cast<std::size_t>(std::atoll(value));
    } else if (name == "--expect") {
      options.expected_status = value;
    } else if (name == "--expect-header") {
      options.expected_header = value;
    } else {
      std::fprintf(stderr, "load: unknown option %s\n", words[i]);
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options = parse(count, words);
  return Load(options).run();
}
