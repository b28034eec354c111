#include "http/authority.h"

#include "http/byte_scan.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace sallyport::http {
namespace {

constexpr std::size_t kLongestName = 255;  // of the domain name system (RFC 1035 2.3.4), as RFC 3986 3.2.2 has it

bool is_ipv6(std::string_view address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.size() >= text.size()) return false;
  if (address.find('\0') != std::string_view::npos) return false;
  std::ranges::copy(address, text.begin());
  in6_addr parsed{};
  return inet_pton(AF_INET6, text.data(), &parsed) == 1;
}

// Where the host ends; 0 when it is none.
std::size_t host_length(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return 0;
    return close + 1;
  }
  const char* stop = skip<kRegNameByte>(text.data(), text.data() + text.size());
  auto length = static_cast<std::size_t>(stop - text.data());
  return length <= kLongestName ? length : 0;
}

// Digits only, any number of leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view digits) noexcept {
  std::uint32_t port = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
    if (port > 65535) return std::nullopt;
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) noexcept {
  std::size_t length = host_length(text);
  if (length == 0) return std::nullopt;
  Authority authority{text.substr(0, length), std::nullopt};
  std::string_view rest = text.substr(length);
  if (rest.empty() || rest == ":") return authority;
  if (rest.front() != ':') return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

}  // namespace sallyport::http
