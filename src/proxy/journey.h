#pragma once
// What one exchange carries on its way through the proxy. Belongs to the session of its connection.

#include "async/task_group.h"
#include "base/arena.h"
#include "chain/chain.h"
#include "exchange/exchange.h"
#include "proxy/request_body.h"
#include "proxy/upstream_facts.h"
#include "snapshot/plan.h"
#include "snapshot/snapshots.h"
#include "upstream/endpoint.h"
#include "upstream/lease.h"
#include "wire/server_exchange.h"

#include <optional>
#include <string_view>

namespace sallyport::proxy {

struct Journey {
  Journey(Arena& arena, const Clock& clock, wire::ServerExchange& client_side)
      : client(client_side), exchange(arena, clock) {
    exchange.upstream = &upstream_facts;
  }
  Journey(const Journey&) = delete;
  Journey& operator=(const Journey&) = delete;
  // Filters live in the arena and end here, while the plugins they belong to are pinned.
  ~Journey() { exchange.arena.reset(); }

  snapshot::Snapshots::Pin snapshot;  // keeps `plan` alive
  wire::ServerExchange& client;
  exchange::Exchange exchange;
  const snapshot::Plan* plan = nullptr;
  upstream::EndpointOwner endpoint;  // of the last try: what `exchange.endpoint` shows
  upstream::Lease connection;        // of the present try; behind the last, while the log is written
  UpstreamFacts upstream_facts{snapshot, plan, connection};
  std::optional<chain::ChainRun> chain;  // the plugins of the plan at work
  std::optional<RequestBody> body;
  bool response_body_begun = false;  // the response_body stages have seen some of it
  bool trailers_lost = false;        // of the response: plugins made them when its length had left with the head
  std::string_view local_port;       // that the client connected to, in digits
  std::uint64_t sent_before = 0;     // what `client` had sent before this exchange
};

}  // namespace sallyport::proxy
