#include "upstream/endpoint.h"

#include "upstream/cluster.h"

namespace sallyport::upstream {

Endpoint::Endpoint(const Node& node, async::Address endpoint_address)
    : address(endpoint_address),
      host(node.host),
      host_header(node.host_header),
      ip(address.ip()),
      text(address.to_string()) {}

exchange::EndpointView Endpoint::view() const { return {host, text, ip, address.port()}; }

}  // namespace sallyport::upstream
