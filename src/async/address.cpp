#include "async/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sallyport::async {
namespace {

// sockaddr_storage is seen as one of its kinds by copying, so that no aliasing rule is bent.
template <class Kind>
Kind as(const sockaddr_storage& storage) {
  Kind kind;
  std::memcpy(&kind, &storage, sizeof kind);
  return kind;
}

std::string_view unix_path(const sockaddr_un& address, socklen_t size) {
  constexpr std::size_t kBefore = offsetof(sockaddr_un, sun_path);
  if (size <= kBefore) return {};
  return {address.sun_path, strnlen(address.sun_path, size - kBefore)};
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, static_cast<socklen_t>(sizeof storage_))) {
  std::memcpy(&storage_, address, size_);
}

Result<Address> Address::from_ip(std::string_view ip, std::uint16_t port) {
  std::string_view bare = ip;
  bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) bare = ip.substr(1, ip.size() - 2);
  const std::string text(bare.substr(0, bare.find('\0')));
  const bool is_text = text.size() == bare.size();

  sockaddr_in v4{};
  if (is_text && !bracketed && inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (is_text && inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return fail(ErrorCode::kInvalid, "\"" + std::string(ip) + "\" is no IP address; write one like 127.0.0.1 or ::1");
}

Result<Address> Address::from_unix_path(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::kInvalid, "the path of a unix socket has 1 to " +
                                         std::to_string(sizeof address.sun_path - 1) + " bytes, this one has " +
                                         std::to_string(path.size()));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return Address(reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

std::uint16_t Address::port() const noexcept {
  if (family() == AF_INET) return ntohs(as<sockaddr_in>(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(as<sockaddr_in6>(storage_).sin6_port);
  return 0;
}

void Address::set_port(std::uint16_t port) noexcept {
  const in_port_t network_order = htons(port);
  if (family() == AF_INET) {
    std::memcpy(reinterpret_cast<char*>(&storage_) + offsetof(sockaddr_in, sin_port), &network_order,
                sizeof network_order);
  } else if (family() == AF_INET6) {
    std::memcpy(reinterpret_cast<char*>(&storage_) + offsetof(sockaddr_in6, sin6_port), &network_order,
                sizeof network_order);
  }
}

std::string Address::ip() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET) {
    auto v4 = as<sockaddr_in>(storage_);
    return inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  }
  if (family() == AF_INET6) {
    auto v6 = as<sockaddr_in6>(storage_);
    return inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  }
  return "unix:";
}

std::string Address::to_string() const {
  if (family() == AF_INET) return ip() + ":" + std::to_string(port());
  if (family() == AF_INET6) return "[" + ip() + "]:" + std::to_string(port());
  return "unix:" + std::string(unix_path(as<sockaddr_un>(storage_), size_));
}

bool Address::is_loopback() const noexcept {
  if (family() == AF_INET) return ntohl(as<sockaddr_in>(storage_).sin_addr.s_addr) >> 24 == 127;
  if (family() == AF_INET6) {
    const in6_addr address = as<sockaddr_in6>(storage_).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
  }
  return family() == AF_UNIX;
}

bool operator==(const Address& a, const Address& b) noexcept {
  if (a.family() != b.family()) return false;
  if (a.family() == AF_INET) {
    auto one = as<sockaddr_in>(a.storage_), other = as<sockaddr_in>(b.storage_);
    return one.sin_port == other.sin_port && one.sin_addr.s_addr == other.sin_addr.s_addr;
  }
  if (a.family() == AF_INET6) {
    auto one = as<sockaddr_in6>(a.storage_), other = as<sockaddr_in6>(b.storage_);
    return one.sin6_port == other.sin6_port && one.sin6_scope_id == other.sin6_scope_id &&
           std::memcmp(&one.sin6_addr, &other.sin6_addr, sizeof one.sin6_addr) == 0;
  }
  if (a.family() == AF_UNIX) {
    return unix_path(as<sockaddr_un>(a.storage_), a.size_) == unix_path(as<sockaddr_un>(b.storage_), b.size_);
  }
  return a.size_ == b.size_;
}

}  // namespace sallyport::async
