#pragma once
// What the settings decide about the proxy. Plain values, read by every worker.

#include "base/ip_range.h"
#include "chain/chain.h"
#include "h2/server_limits.h"
#include "http/target.h"
#include "wire/server_connection.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::proxy {

// Of fields whose names have underscores, which many a program takes for hyphens.
enum class Underscores : std::uint8_t { kPass, kDrop, kRefuse };

struct Options {
  wire::ServerLimits limits;
  h2::ServerLimits http2;
  chain::BodyLimits plugin_bodies;
  http::EncodedSlash encoded_slash = http::EncodedSlash::kRefuse;
  Underscores underscores = Underscores::kPass;
  bool drops_tail_slash = false;             // of the path that routes and plugins see; the upstream gets it
  std::uint64_t max_request_body = 0;        // bytes; 0: no limit
  std::size_t replay_bytes = 64 * 1024;      // of a request's body, kept for a further try
  std::size_t drain_bytes = 256 * 1024;      // of an unread request body, read to keep the connection
  std::string server = "APISIX/3.18.0";      // the `Server` field, valid; empty: the upstream's passes
  bool always_show_upstream_status = false;  // X-APISIX-Upstream-Status on every response, not only for 5xx
  std::vector<IpRange> trusted;              // peers whose X-Forwarded-* are believed
};

}  // namespace sallyport::proxy
