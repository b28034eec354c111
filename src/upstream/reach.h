#pragma once
// How an exchange, or a call beside any, comes by its way to an endpoint: what is kept or shared, else a new
// connection.

#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "upstream/balancer.h"
#include "upstream/cluster.h"
#include "upstream/connection_pool.h"
#include "upstream/endpoint.h"
#include "upstream/lease.h"

#include <optional>

namespace sallyport::upstream {

// What is there for `endpoint` without waiting, or nothing. Over TLS `peer` is not null. `fresh`: what was taken first
// had been closed by the peer; of connections that one exchange has for itself, others may have been, too.
Lease take_kept(ConnectionPool& pool, const Cluster& cluster, const Endpoint& endpoint, const TlsPeer* peer,
                bool fresh);

struct Target {
  const Cluster& cluster;
  const Endpoint& endpoint;
  const Tried& tried;  // by the exchange
  Milliseconds connect_timeout;
};

struct Reached {
  Lease lease;
  bool is_kept = false;   // it was there before
  EndpointOwner instead;  // another address of the same node, which has answered first; mostly null
};

// A new connection, or a stream of one that has to be opened or waited for. Where the node is a name with several
// addresses, one that does not answer soon gives way to the next. All that `target` names stays valid until the Task
// ends. Error: as ConnectionPool::connect and StreamPool::lease.
async::Task<Result<Reached>> reach(ConnectionPool& pool, Balancer& balancer, Target target,
                                   std::optional<TlsPeer> peer);

}  // namespace sallyport::upstream
