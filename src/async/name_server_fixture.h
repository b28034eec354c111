#pragma once
// A name server on a loopback port, in a thread of its own, for unit tests; no part of the product.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sallyport::async {

class NameServer {
 public:
  struct Answer {
    std::vector<std::string> addresses;  // of both families
    std::uint32_t ttl = 60;
  };
  static constexpr int kSilent = -1;  // as a response code: no answer at all

  // `names` are answered; others get `otherwise` as their response code (RFC 1035 4.1.1): 3, no such name.
  explicit NameServer(std::map<std::string, Answer> names, int otherwise = 3)
      : names_(std::move(names)), otherwise_(otherwise), socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    bind(socket_, reinterpret_cast<sockaddr*>(&address_), size);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    stopping_ = true;
    sendto(socket_, "", 0, 0, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    thread_.join();
    close(socket_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }
  int queries() const { return queries_; }

 private:
  static constexpr std::uint16_t kA = 1, kAaaa = 28;
  static constexpr std::size_t kHeader = 12;

  void serve() {
    while (!stopping_) {
      char packet[512];
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      const ssize_t got = recvfrom(socket_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&peer), &size);
      if (got < static_cast<ssize_t>(kHeader)) continue;
      ++queries_;
      const std::string answer = answer_to({packet, static_cast<std::size_t>(got)});
      if (answer.empty()) continue;
      sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
    }
  }

  static void put16(std::string& to, std::uint32_t value) {
    to += static_cast<char>(value >> 8);
    to += static_cast<char>(value);
  }

  // The packet with its question and the records for it.
  std::string answer_to(const std::string& question) const {
    std::string name;
    std::size_t at = kHeader;
    while (question[at] != 0) {
      const auto length = static_cast<std::size_t>(question[at]);
      if (!name.empty()) name += '.';
      name += question.substr(at + 1, length);
      at += length + 1;
    }
    const auto type = static_cast<std::uint16_t>(question[at + 2]);
    auto known = names_.find(name);
    if (known == names_.end() && otherwise_ == kSilent) return "";

    std::string records;
    std::uint32_t count = 0;
    if (known != names_.end()) {
      for (const std::string& address : known->second.addresses)
        count += append(records, type, address, known->second.ttl);
    }
    std::string answer = question.substr(0, 2);
    put16(answer, 0x8180u | (known == names_.end() ? static_cast<std::uint32_t>(otherwise_) : 0u));
    put16(answer, 1);
    put16(answer, count);
    answer += std::string(4, '\0');
    return answer + question.substr(kHeader, at + 5 - kHeader) + records;
  }

  // How many records were added: one when the address is of the family asked for.
  static std::uint32_t append(std::string& records, std::uint16_t type, const std::string& address, std::uint32_t ttl) {
    char bytes[16];
    const bool v6 = address.find(':') != std::string::npos;
    if (type != (v6 ? kAaaa : kA)) return 0;
    inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes);
    put16(records, 0xc000u | kHeader);  // the name of the question
    put16(records, type);
    put16(records, 1);
    put16(records, ttl >> 16);
    put16(records, ttl & 0xffff);
    put16(records, v6 ? 16 : 4);
    records.append(bytes, v6 ? 16 : 4);
    return 1;
  }

  std::map<std::string, Answer> names_;
  int otherwise_;
  int socket_;
  sockaddr_in address_{};
  std::atomic<bool> stopping_ = false;
  std::atomic<int> queries_ = 0;
  std::thread thread_;
};

}  // namespace sallyport::async
