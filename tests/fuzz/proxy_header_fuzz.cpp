// The header of the PROXY protocol: whatever arrives, however it is split, means the same.

#include "require.h"
#include "wire/proxy_header.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const wire::ProxyHeader whole = wire::parse_proxy_header(bytes);
  if (whole.status == wire::ParseStatus::kComplete) {
    require(whole.bytes > 0 && whole.bytes <= size && whole.bytes <= wire::kMostProxyHeader);
  }
  if (whole.status == wire::ParseStatus::kInvalid) require(!whole.reason.empty() && !whole.client);
  for (std::size_t cut = 0; cut < size; ++cut) {
    const wire::ProxyHeader part = wire::parse_proxy_header(bytes.substr(0, cut));
    if (part.status == wire::ParseStatus::kIncomplete) continue;
    require(part.status == whole.status && part.bytes == whole.bytes && part.reason == whole.reason);
    require(part.client == whole.client);
  }
  return 0;
}
