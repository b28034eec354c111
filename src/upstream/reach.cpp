#include "upstream/reach.h"

#include <utility>
#include <vector>

namespace sallyport::upstream {
namespace {

struct Way {
  Lease lease;
  async::Address address;
};

async::Task<Result<Way>> find_way(ConnectionPool& pool, const Target& target, Destination to) {
  if (target.cluster.speaks_http2()) {
    const KeepalivePool& limits = target.cluster.keepalive_pool();
    auto leased = co_await pool.streams().lease(std::move(to), target.connect_timeout, limits);
    if (!leased) co_return fail(std::move(leased).error());
    co_return Way{Lease(std::move(leased->exchange)), leased->address};
  }
  auto connection = co_await pool.connect(std::move(to), target.connect_timeout);
  if (!connection) co_return fail(std::move(connection).error());
  const async::Address address = (*connection)->address();
  co_return Way{Lease(std::move(*connection)), address};
}

}  // namespace

Lease take_kept(ConnectionPool& pool, const Cluster& cluster, const Endpoint& endpoint, const TlsPeer* peer,
                bool fresh) {
  if (cluster.speaks_http2()) return Lease(pool.streams().take(endpoint.address, peer));
  return Lease(fresh ? nullptr : pool.take(endpoint.address, peer));
}

async::Task<Result<Reached>> reach(ConnectionPool& pool, Balancer& balancer, Target target,
                                   std::optional<TlsPeer> peer) {
  const std::vector<EndpointOwner> others = balancer.others(target.cluster, target.endpoint, target.tried);
  Destination to;
  to.addresses.push_back(target.endpoint.address);
  for (const EndpointOwner& other : others) to.addresses.push_back(other->address);
  to.peer = std::move(peer);
  auto way = co_await find_way(pool, target, std::move(to));
  if (!way) co_return fail(std::move(way).error());
  Reached reached{std::move(way->lease), false, {}};
  for (const EndpointOwner& other : others) {
    if (other->address == way->address) reached.instead = other;
  }
  co_return reached;
}

}  // namespace sallyport::upstream
