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
#include "upstream/reach.h"
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
  // The way to its endpoint: kept, or new. `identity`: of the cluster's `identity_id`. Error: as upstream::reach, or as
  // tls_peer.
  Task<Result<Reached>> reach(ConnectionPool& pool, Balancer& balancer, Target target, tls::ClientIdentityPtr identity,
                              bool fresh) const;

  http::CallRequest request;
  Arena arena;
  exchange::Exchange exchange;
  http::Headers trailers;
};

// With the address where that is known.
std::string at_endpoint(const EndpointRef& endpoint, std::string_view what);

}  // namespace sallyport::upstream
