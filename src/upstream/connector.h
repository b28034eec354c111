#pragma once
// Makes connections to upstreams: in clear, or over TLS as the peer is to be spoken to. Belongs to one worker.

#include "async/address.h"
#include "async/reactor.h"
#include "tls/client_context.h"
#include "tls/client_sessions.h"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::upstream {

// Whom a handshake is made with.
struct TlsPeer {
  std::string server_name;  // a name or an address, without port
  tls::Verify verify = tls::Verify::kNo;
  tls::ClientIdentityPtr identity;  // may be null
  tls::Offer offer = tls::Offer::kNothing;
};

// Tells connections apart that must not be used for each other; without a peer they are in clear.
std::string connection_key(const async::Address& address, const TlsPeer* peer);

// Where a connection leads.
struct Destination {
  std::vector<async::Address> addresses;  // of one host, at least one; the first has a head start (race.h)
  std::optional<TlsPeer> peer;            // over TLS; or in clear
};

class Connector final {
 public:
  struct Connected {
    async::StreamPtr stream;
    async::Address address;
  };

  // `tls` is there for connections over TLS, and outlives this.
  Connector(async::Reactor& reactor, const tls::ClientContext* tls) : reactor_(reactor), tls_(tls) {}

  // Over TLS it goes on with the last session with this peer at this address, where there is one.
  // Error: as Reactor::connect; a handshake that fails is kRefused or kTimeout, side upstream.
  async::Task<Result<Connected>> connect(Destination to, Milliseconds timeout);

  async::Reactor& reactor() const noexcept { return reactor_; }

 private:
  async::Task<Result<async::StreamPtr>> shake_hands(async::StreamPtr socket, async::Address address, TlsPeer peer,
                                                    Milliseconds timeout);

  async::Reactor& reactor_;
  const tls::ClientContext* tls_;
  tls::ClientSessions sessions_;
};

}  // namespace sallyport::upstream
