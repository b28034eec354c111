#pragma once
// host[:port], as in Host and in a target in absolute form (RFC 3986 3.2, RFC 9110 7.2).

#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::http {

struct Authority {
  std::string_view host;              // as sent; an IPv6 address with its brackets
  std::optional<std::uint16_t> port;  // none also for "host:"
};

// Nothing for an empty host, for user information, and for everything that is no name, IPv4 address or bracketed IPv6
// address with at most one port in 0..65535. Names may hold letters, digits, '-', '.', '_' and '~' only,
// and 255 of them.
std::optional<Authority> parse_authority(std::string_view text) noexcept;

}  // namespace sallyport::http
