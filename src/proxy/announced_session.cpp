// Client connections that a balancer begins with a header of the PROXY protocol, which says whose they are. Part of
// Proxy.

#include "base/log.h"
#include "proxy/greeting.h"
#include "proxy/proxy.h"
#include "wire/proxy_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::proxy {

using async::IoStatus;
using wire::ParseStatus;

// `place` counts among all from the beginning, and for its address once that is known.
Task<void> Proxy::serve_announced(async::Accepted connection, Http2 http2, Serve serve,
                                  ClientConnections::Place place) {
  const std::string_view fault = co_await take_proxy_header(connection);
  if (!fault.empty()) {
    around_.log.metrics().client_cut(telemetry::Cut::kProxyHeader);
    std::string line =
        fmt::format("PROXY protocol on port {} from {}: {}", connection.local.port(), connection.peer.ip(), fault);
    co_return around_.log.failures().write(log::Level::kWarn, line, around_.reactor.now());
  }
  if (connection.stream && admit_address(connection, place)) {
    co_await (this->*serve)(std::move(connection), http2, std::move(place));
  }
}

// Why the connection cannot be served; empty: its peer is the client. A balancer that looks whether the port is open
// may leave without a word: then the stream is null.
Task<std::string_view> Proxy::take_proxy_header(async::Accepted& connection) {
  async::Stream& stream = *connection.stream;
  Greeting greeting(*this, stream);
  const SteadyTime deadline = around_.reactor.now() + around_.options.limits.head_arrival;
  wire::ProxyHeader header;
  while ((header = wire::parse_proxy_header(stream.unread())).status == ParseStatus::kIncomplete) {
    const IoStatus status = co_await stream.fill(around_.reactor.until(deadline));
    if (status == IoStatus::kOk) continue;
    const bool is_visit = stream.unread().empty() && (status != IoStatus::kTimeout || draining_);
    if (!is_visit) co_return status == IoStatus::kTimeout ? "no_proxy_header_in_time" : "incomplete_proxy_header";
    connection.stream.reset();
    co_return std::string_view();
  }
  if (header.status == ParseStatus::kInvalid) co_return header.reason;
  stream.consume(header.bytes);
  if (header.client) connection.peer = *header.client;
  co_return std::string_view();
}

}  // namespace sallyport::proxy
