#pragma once
// A request beside any exchange, as the balancer and the codecs know one. It is made of views of itself.
// Belongs to one worker.

#include "base/arena.h"
#include "base/clock.h"
#include "exchange/exchange.h"
#include "http/call.h"
#include "upstream/cluster.h"
#include "upstream/connection_pool.h"
#include "upstream/endpoint.h"
#include "wire/client_exchange.h"

#include <string>
#include <string_view>

namespace sallyport::upstream {

using async::Task;

struct CallExchange {
  CallExchange(http::CallRequest its_request, const Clock& clock);
  CallExchange(const CallExchange&) = delete;
  CallExchange& operator=(const CallExchange&) = delete;

  // As it is sent to `endpoint`.
  wire::RequestLine line_to(const Endpoint& endpoint) const;

  http::CallRequest request;
  Arena arena;
  exchange::Exchange exchange;
  http::Headers trailers;
};

// A stream of HTTP/2 to an endpoint of `cluster`. Error: as StreamPool::lease.
Task<Result<StreamPool::Leased>> lease_stream(ConnectionPool& pool, const Cluster& cluster, const Endpoint& endpoint,
                                              std::string authority, tls::ClientIdentityPtr identity);

// With the address where that is known.
std::string at_endpoint(const EndpointRef& endpoint, std::string_view what);

}  // namespace sallyport::upstream
