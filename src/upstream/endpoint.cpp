#include "upstream/endpoint.h"

#include "upstream/cluster.h"

namespace sallyport::upstream {

Endpoint::Endpoint(const Node& node, async::Address endpoint_address)
    : address(endpoint_address),
      host(node.host),
      host_header(node.host_header),
      ip(address.ip()),
      text(address.to_string()) {}

exchange::EndpointView Endpoint::view_in(Arena& arena) const {
  exchange::EndpointView view;
  view.address = arena.copy(text);
  view.ip = view.address.substr(view.address.find(ip), ip.size());
  view.host = host == ip ? view.ip : arena.copy(host);
  view.port = address.port();
  return view;
}

}  // namespace sallyport::upstream
