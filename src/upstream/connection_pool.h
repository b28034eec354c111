#pragma once
// Connections to upstreams that wait for their next exchange, by address; those over TLS also by server name, client
// certificate and whether the peer was verified. Belongs to one worker, outlives its leases.

#include "async/address.h"
#include "async/reactor.h"
#include "tls/client_context.h"
#include "upstream/cluster.h"
#include "upstream/connector.h"
#include "upstream/stream_pool.h"
#include "wire/client_connection.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sallyport::upstream {

class ConnectionPool {
 public:
  class Shelf;

  // A connection to one address; idle in its pool, or leased by one exchange.
  class Connection final : private async::HangupListener {
   public:
    Connection(async::StreamPtr stream, const async::Address& address);
    wire::ClientConnection& wire() noexcept { return wire_; }
    const async::Address& address() const noexcept { return address_; }

   private:
    friend class ConnectionPool;
    void peer_gone() override;

    wire::ClientConnection wire_;
    async::Address address_;
    std::string tls_key_;     // of its shelf; empty: it speaks in clear
    Shelf* shelf_ = nullptr;  // while idle
    SteadyTime idle_until_;
  };
  using Lease = std::unique_ptr<Connection>;

  // `tls` is there for connections over TLS, and outlives the pool.
  explicit ConnectionPool(async::Reactor& reactor, const tls::ClientContext* tls = nullptr);
  ~ConnectionPool();

  // The connection used last that is whole; null when none is idle. `peer`: over TLS; or null.
  Lease take(const async::Address& address, const TlsPeer* peer = nullptr);
  // Connection::address says to which of the addresses. Error: as Connector::connect.
  async::Task<Result<Lease>> connect(Destination to, Milliseconds timeout);
  // Those of HTTP/2, which many exchanges share.
  StreamPool& streams() noexcept { return streams_; }
  // Keeps the connection if it may carry another exchange, else closes it.
  void give_back(Lease connection, const KeepalivePool& limits);

  std::size_t idle() const noexcept;
  // Closes every idle connection.
  void clear();

  class Shelf {
   public:
    std::vector<Lease> idle;  // the one used last is at the end
  };

 private:
  struct AddressHash {
    std::size_t operator()(const async::Address& address) const noexcept;
  };
  Lease take_from(Shelf& shelf);
  void sweep();

  async::Reactor& reactor_;
  Connector connector_;
  StreamPool streams_{connector_};
  std::unordered_map<async::Address, Shelf, AddressHash> shelves_;
  std::unordered_map<std::string, Shelf> tls_shelves_;
  std::unique_ptr<async::Timer> sweeper_;
};

}  // namespace sallyport::upstream
