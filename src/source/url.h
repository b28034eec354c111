#pragma once
// http and https addresses as a client uses them (RFC 3986). Plain values.

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::source {

struct Url {
  bool is_secure = true;
  std::string host;  // lower case, an IPv6 address without brackets
  std::uint16_t port = 443;
  std::string target = "/";  // "/path?query"

  std::string authority() const;  // "host", or "host:port" where the port is not the scheme's
  std::string shown() const;      // without the query, which may be a secret
  bool has_same_origin(const Url& other) const noexcept;
  friend bool operator==(const Url&, const Url&) = default;
};

// Error: kInvalid, going on after the name of what was read: "is no address ...".
Result<Url> parse_url(std::string_view text);

// Where a redirect from `from` leads (RFC 9110 10.2.2): an absolute address, or a path. Error: kInvalid.
Result<Url> follow(const Url& from, std::string_view location);

}  // namespace sallyport::source
