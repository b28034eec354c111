#pragma once
// An address to listen on or connect to: IPv4, IPv6 or a unix socket. Plain value.

#include "base/result.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::async {

class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t size);

  // `ip` is a literal, an IPv6 one with or without brackets. Error: kInvalid.
  static Result<Address> from_ip(std::string_view ip, std::uint16_t port);
  static Result<Address> from_unix_path(std::string_view path);

  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.ss_family; }
  std::uint16_t port() const noexcept;  // 0 for unix sockets
  void set_port(std::uint16_t port) noexcept;
  std::string ip() const;             // "127.0.0.1", "::1", "unix:"
  std::string to_string() const;      // "127.0.0.1:80", "[::1]:80", "unix:/path"
  bool is_loopback() const noexcept;  // unix sockets count as loopback

  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace sallyport::async
