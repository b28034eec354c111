#pragma once
// A request whose body and answer go on side by side, on a stream of HTTP/2. What has arrived and was not read is
// bounded by the window of the stream. Belongs to one worker, as does everything it is given; dropping it resets it.

#include "async/reactor.h"
#include "http/call.h"
#include "upstream/balancer.h"
#include "upstream/call_exchange.h"
#include "upstream/connection_pool.h"

#include <expected>
#include <memory>
#include <string>

namespace sallyport::upstream {

class CallStream final {
 public:
  template <class T>
  using Outcome = std::expected<T, http::CallFailure>;

  struct Head {
    http::CallAnswer answer;
    bool is_alone = false;  // nothing follows
  };

  // Sends the head of `request` to a node of `cluster`, which is spoken to in HTTP/2; nodes that cannot be reached are
  // followed by others, as for exchanges. Its body is what `send` is given.
  static Task<Outcome<std::unique_ptr<CallStream>>> open(async::Reactor& reactor, Balancer& balancer,
                                                         ConnectionPool& pool, const Clock& clock, ClusterPtr cluster,
                                                         http::CallRequest request, tls::ClientIdentityPtr identity);

  CallStream(async::Reactor& reactor, const Clock& clock, ClusterPtr cluster, http::CallRequest request,
             tls::ClientIdentityPtr identity)
      : reactor_(reactor),
        own_(std::move(request), clock),
        cluster_(std::move(cluster)),
        identity_(std::move(identity)) {}
  CallStream(const CallStream&) = delete;
  CallStream& operator=(const CallStream&) = delete;

  // Done when the peer has taken nearly all of it. One at a time; beside reading.
  Task<Status> send(std::string bytes, bool is_last);
  // However long it takes, as long as the peer lives.
  Task<Outcome<Head>> read_head();
  // The next piece of the body; its bytes stay valid until the next call.
  Task<Outcome<http::Chunk>> read_body();
  // Behind the last piece.
  http::OwnedFields trailers();

 private:
  Task<Status> begin(ConnectionPool& pool, Balancer& balancer, const Tried& tried);
  http::CallFailure failed(http::CallFailure::Kind kind, std::string_view what) const {
    return {kind, at_endpoint(endpoint_, what)};
  }

  async::Reactor& reactor_;
  CallExchange own_;
  ClusterPtr cluster_;
  tls::ClientIdentityPtr identity_;  // of the cluster's `identity_id`
  EndpointRef endpoint_;
  Lease stream_;
};

}  // namespace sallyport::upstream
