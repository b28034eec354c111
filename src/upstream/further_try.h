#pragma once
// When a request is sent to its upstream once more. Pure functions; what may be repeated of the request, its sender
// knows.

#include "base/clock.h"
#include "base/result.h"
#include "upstream/cluster.h"
#include "wire/client_exchange.h"

namespace sallyport::upstream {

// Whether `cluster` allows another try after `error`; the tries so far took `elapsed`.
inline bool allows_further_try(const Cluster& cluster, const Error& error, unsigned tries,
                               std::chrono::nanoseconds elapsed) {
  if (error.side != Side::kUpstream || error.code == ErrorCode::kProtocol) return false;
  if (tries > cluster.retries()) return false;
  return cluster.retry_timeout().count() <= 0 || elapsed < cluster.retry_timeout();
}

// Whether the peer had closed a kept connection before it saw the request: that costs no try.
inline bool was_stale(const wire::ClientExchange& reused, const Error& error) {
  return error.code == ErrorCode::kClosed && error.side == Side::kUpstream && !reused.response_begun();
}

}  // namespace sallyport::upstream
