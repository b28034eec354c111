#pragma once
// What exchanges tell of the nodes that served them, for passive checks and for balancing by latency. They cost a
// branch where a cluster has none of it.

#include "base/clock.h"
#include "base/result.h"
#include "upstream/cluster.h"
#include "upstream/endpoint.h"

namespace sallyport::upstream {

[[gnu::cold]] void report_status_of(const Cluster& cluster, const Endpoint& endpoint, int status, SteadyTime now);
[[gnu::cold]] void report_failure_of(const Cluster& cluster, const Endpoint& endpoint, const Error& error,
                                     SteadyTime now);

// A response has begun with that status.
inline void report_status(const Cluster& cluster, const Endpoint& endpoint, int status, SteadyTime now) {
  if (endpoint.health) [[unlikely]]
    report_status_of(cluster, endpoint, status, now);
}

// A try has failed for an error of the side upstream.
inline void report_failure(const Cluster& cluster, const Endpoint& endpoint, const Error& error, SteadyTime now) {
  if (endpoint.health) [[unlikely]]
    report_failure_of(cluster, endpoint, error, now);
}

// A try has come to its response, or has waited for it in vain.
inline void report_latency(const Cluster& cluster, const Endpoint& endpoint, std::chrono::nanoseconds took,
                           SteadyTime now) {
  if (cluster.balancing() == Balancing::kLeastLatency) [[unlikely]]
    endpoint.latency.add(took, now);
}

}  // namespace sallyport::upstream
