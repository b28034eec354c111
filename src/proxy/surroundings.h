#pragma once
// What a worker lends its proxy. All of it belongs to the worker and outlives the Proxy.

#include "async/reactor.h"
#include "proxy/client_connections.h"
#include "proxy/exchange_log.h"
#include "proxy/options.h"
#include "snapshot/snapshots.h"
#include "tls/server_context.h"
#include "upstream/balancer.h"
#include "upstream/connection_pool.h"

#include <cstddef>

namespace sallyport::proxy {

struct Surroundings {
  std::size_t worker;  // its number, from 0
  async::Reactor& reactor;
  snapshot::Snapshots& snapshots;
  upstream::Balancer& balancer;
  upstream::ConnectionPool& pool;
  ExchangeLog& log;
  const Options& options;
  const tls::ServerContext* tls = nullptr;   // for clients that begin with a handshake
  ClientConnections* connections = nullptr;  // of all workers; null: there are none
};

}  // namespace sallyport::proxy
