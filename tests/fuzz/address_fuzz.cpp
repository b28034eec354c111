// Hosts, addresses and ranges as requests and settings write them: what is taken for one lies within the text, and what
// holds for it holds when it is read again.

#include "async/address.h"
#include "base/ip_range.h"
#include "http/authority.h"
#include "require.h"

#include <cstdint>
#include <string>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto authority = http::parse_authority(text)) {
    require(!authority->host.empty() && text.starts_with(authority->host));
    require(authority->host.find_first_of(" @/?#%\\\r\n") == std::string_view::npos);
    std::string again(authority->host);
    if (authority->port) again += ":" + std::to_string(*authority->port);
    const auto same = http::parse_authority(again);
    require(same && same->host == authority->host && same->port == authority->port);
  }
  const auto address = IpAddress::parse(text);
  const auto range = IpRange::parse(text);
  if (address) require(range && range->contains(*address));
  if (auto socket = async::Address::from_ip(text, 80)) {
    const auto again = async::Address::from_ip(socket->ip(), 80);
    require(again && *again == *socket);
  }
  return 0;
}
