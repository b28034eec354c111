#pragma once
// Sends whole requests beside any exchange to clusters and collects their answers, over the balancer and the pool that
// serve the exchanges. A Caller belongs to one worker, as does everything it is given.

#include "async/reactor.h"
#include "base/clock.h"
#include "http/call.h"
#include "upstream/balancer.h"
#include "upstream/call_stream.h"
#include "upstream/connection_pool.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace sallyport::upstream {

struct CallLimits {
  Milliseconds timeout{60'000};          // of the whole call
  std::size_t body_bytes = 1024 * 1024;  // of the answer
};

class Caller final {
 public:
  Caller(async::Reactor& reactor, Balancer& balancer, ConnectionPool& pool, const Clock& clock)
      : reactor_(reactor), balancer_(balancer), pool_(pool), clock_(clock) {}

  // The answer, or why there is none. A try that failed is followed by others as for exchanges: as the cluster has it,
  // if nothing of the request has left or its method is idempotent.
  // `identity`: of the cluster's `identity_id`, where it has one.
  Task<http::CallResult> call(ClusterPtr cluster, http::CallRequest request, CallLimits limits,
                              tls::ClientIdentityPtr identity = nullptr);

  // A request whose body and answer go on side by side; `cluster` is spoken to in HTTP/2.
  Task<CallStream::Outcome<std::unique_ptr<CallStream>>> open(ClusterPtr cluster, http::CallRequest request,
                                                              tls::ClientIdentityPtr identity) {
    return CallStream::open(reactor_, balancer_, pool_, clock_, std::move(cluster), std::move(request),
                            std::move(identity));
  }

 private:
  class Call;

  async::Reactor& reactor_;
  Balancer& balancer_;
  ConnectionPool& pool_;
  const Clock& clock_;
};

}  // namespace sallyport::upstream
