#pragma once
// Addresses that no exchange may be forwarded to: our own APIs, and networks where that is asked for. Immutable,
// shared by all threads.

#include "async/address.h"
#include "base/ip_range.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::upstream {

class ForbiddenAddresses {
 public:
  ForbiddenAddresses() = default;  // forbids nothing
  // `listeners` as they are bound; 0.0.0.0 and :: stand for every address of this machine.
  explicit ForbiddenAddresses(std::vector<async::Address> listeners, IpRanges networks = {})
      : listeners_(std::move(listeners)), networks_(std::move(networks)) {}

  const std::vector<async::Address>& listeners() const noexcept { return listeners_; }

  // Why no connection goes to `address`, "is the gateway's own Admin API ...": it would arrive at one of the listeners,
  // or in one of the networks. Empty: it may.
  std::string_view why(const async::Address& address) const;
  bool contains(const async::Address& address) const { return !why(address).empty(); }

  // The same for `host` where that is a name that stands for loopback whoever is asked (RFC 6761 6.3).
  std::string_view why_by_name(std::string_view host, std::uint16_t port) const;

 private:
  std::vector<async::Address> listeners_;
  IpRanges networks_;
};

}  // namespace sallyport::upstream
