#include "upstream/forbidden_addresses.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace sallyport::upstream {
namespace {

using async::Address;

// Where a connection to `address` goes: IPv4 out of its IPv6 form, "any address" as loopback, which is how the kernel
// connects to it.
Address destination(const Address& address) {
  if (address.family() == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address.data(), sizeof v6);
    if (IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) return *Address::from_ip("::1", address.port());
    if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return address;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = v6.sin6_port;
    std::memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + 12, sizeof v4.sin_addr);
    return destination(Address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4));
  }
  if (address.family() == AF_INET && address.ip() == "0.0.0.0") return *Address::from_ip("127.0.0.1", address.port());
  return address;
}

bool is_any(const Address& listener) { return listener.ip() == "0.0.0.0" || listener.ip() == "::"; }

// Whether the address is one of this machine: only those can be bound.
bool is_own(Address address) {
  if (address.is_loopback()) return true;
  address.set_port(0);
  const int fd = socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool bound = bind(fd, address.data(), address.size()) == 0;
  close(fd);
  return bound;
}

bool reaches(const Address& target, const Address& listener) {
  if (listener.port() != target.port() || target.family() == AF_UNIX) return listener == target;
  if (!is_any(listener)) return destination(listener) == target;
  return is_own(target);
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > kName.size() && host[host.size() - kName.size() - 1] == '.') {
    host.remove_prefix(host.size() - kName.size());
  }
  return equals_ignoring_case(host, kName);
}

}  // namespace

std::string_view ForbiddenAddresses::why(const Address& address) const {
  const Address target = destination(address);
  if (std::ranges::any_of(listeners_, [&](const Address& listener) { return reaches(target, listener); })) {
    return "is the gateway's own Admin API or control API, which no route may lead to unless the settings allow it";
  }
  if (networks_.empty() || !networks_.contains(target.ip())) return {};
  return "lies in a network where nothing is asked for";
}

std::string_view ForbiddenAddresses::why_by_name(std::string_view host, std::uint16_t port) const {
  if (!is_localhost(host)) return {};
  const std::string_view why_v4 = why(*Address::from_ip("127.0.0.1", port));
  return why_v4.empty() ? why(*Address::from_ip("::1", port)) : why_v4;
}

}  // namespace sallyport::upstream
