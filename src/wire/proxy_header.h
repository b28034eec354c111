#pragma once
// The header with which a balancer begins a connection to say whose it is: PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). A pure function of bytes: the same bytes give the same
// result however they are split.

#include "async/address.h"
#include "wire/h1.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace sallyport::wire {

// Of version 2; more is no header of a balancer.
inline constexpr std::size_t kMostProxyHeader = 4096;

struct ProxyHeader {
  ParseStatus status = ParseStatus::kIncomplete;
  std::size_t bytes = 0;                 // of the header, when complete
  std::string_view reason;               // when invalid: a token for the log
  std::optional<async::Address> client;  // nothing: the balancer speaks for itself (LOCAL), or does not know (UNKNOWN)
};

// Strict: one space between the words of version 1, addresses and ports as they are usually written, no byte after
// them; of version 2 the commands LOCAL and PROXY, the latter for TCP over IPv4 and IPv6 or without addresses, with the
// addresses whole and well-formed TLVs behind them, which mean nothing to us.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace sallyport::wire
