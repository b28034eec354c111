#include "upstream/call_exchange.h"

#include "upstream/tls_peer.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace sallyport::upstream {
namespace {

void add_views(http::Headers& to, const http::OwnedFields& fields) {
  for (const auto& [name, value] : fields) to.add_view(name, value);
}

}  // namespace

CallExchange::CallExchange(http::CallRequest its_request, const Clock& clock)
    : request(std::move(its_request)), exchange(arena, clock), trailers(arena) {
  std::string_view target = request.target;
  const std::size_t mark = target.find('?');
  exchange.request.method = exchange.request_method = request.method;
  exchange.request.target = exchange.request_target = target;
  exchange.request.authority = exchange.request.host = exchange.host = request.authority;
  exchange.uri = exchange.path = target.substr(0, mark);
  exchange.has_query = mark != std::string_view::npos;
  if (exchange.has_query) exchange.query = target.substr(mark + 1);
  add_views(exchange.request.headers, request.headers);
  add_views(trailers, request.trailers);
}

wire::RequestLine CallExchange::line_to(const Endpoint& endpoint) const {
  const std::string_view authority = request.authority.empty() ? endpoint.host_header : request.authority;
  return {request.method, exchange.path, exchange.query, exchange.has_query, authority};
}

Task<Result<Reached>> CallExchange::reach(ConnectionPool& pool, Balancer& balancer, Target target,
                                          tls::ClientIdentityPtr identity, bool fresh) const {
  std::optional<TlsPeer> peer;
  if (target.cluster.tls()) {
    CO_TRY(peer, tls_peer(target.cluster, request.authority, std::move(identity)));
  }
  Lease kept = take_kept(pool, target.cluster, target.endpoint, peer ? &*peer : nullptr, fresh);
  if (kept) co_return Reached{std::move(kept), true, {}};
  co_return co_await upstream::reach(pool, balancer, target, std::move(peer));
}

std::string at_endpoint(const EndpointRef& endpoint, std::string_view what) {
  return endpoint ? fmt::format("upstream {}: {}", endpoint->text, what) : std::string(what);
}

}  // namespace sallyport::upstream
