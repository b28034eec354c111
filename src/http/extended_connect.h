#pragma once
// An extended CONNECT of HTTP/2 (RFC 8441) is told as the upgrade of HTTP/1.1 that it stands for: `upgrade` names its
// `:protocol`. To its client any 2xx means that the tunnel is open.

#include "http/message.h"

namespace sallyport::http {

inline bool is_extended_connect(const RequestHead& request) noexcept {
  return request.version == Version::kHttp2 && !request.upgrade.empty();
}

}  // namespace sallyport::http
