#pragma once
// Makes connections to upstreams: in clear, or over TLS as the peer is to be spoken to. Belongs to one worker.

#include "async/address.h"
#include "async/buffer_pool.h"
#include "async/reactor.h"
#include "tls/client_context.h"
#include "tls/client_sessions.h"

#include <string>

namespace sallyport::upstream {

// Whom a handshake is made with.
struct TlsPeer {
  std::string server_name;  // a name or an address, without port
  tls::Verify verify = tls::Verify::kNo;
  tls::ClientIdentityPtr identity;  // may be null
  tls::Offer offer = tls::Offer::kNothing;

  // Tells peers apart whose connections must not be mixed up.
  std::string key() const;
};

class Connector final {
 public:
  // `tls` is there for connections over TLS, and outlives this.
  Connector(async::Reactor& reactor, const tls::ClientContext* tls) : reactor_(reactor), tls_(tls) {}

  // Error: as Reactor::connect.
  async::Task<Result<async::StreamPtr>> connect(async::Address address, Milliseconds timeout) {
    return reactor_.connect(address, timeout);
  }
  // Goes on with the last session with this peer at this address, where there is one.
  // Error also: a handshake that fails is kRefused or kTimeout, side upstream.
  async::Task<Result<async::StreamPtr>> connect(async::Address address, TlsPeer peer, Milliseconds timeout);

  // Over a socket that is there, to `address`.
  async::Task<Result<async::StreamPtr>> shake_hands(async::StreamPtr socket, async::Address address, TlsPeer peer,
                                                    Milliseconds timeout);

  async::Reactor& reactor() const noexcept { return reactor_; }

 private:
  async::Reactor& reactor_;
  const tls::ClientContext* tls_;
  async::BufferPool buffers_;
  tls::ClientSessions sessions_;
};

}  // namespace sallyport::upstream
