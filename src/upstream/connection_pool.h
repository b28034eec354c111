#pragma once
// Connections to upstreams that wait for their next exchange, by address. Belongs to one worker, outlives its leases.

#include "async/address.h"
#include "async/reactor.h"
#include "upstream/cluster.h"
#include "wire/client_connection.h"

#include <memory>
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
    Shelf* shelf_ = nullptr;  // while idle
    SteadyTime idle_until_;
  };
  using Lease = std::unique_ptr<Connection>;

  explicit ConnectionPool(async::Reactor& reactor);
  ~ConnectionPool();

  // The connection used last that is whole; null when none is idle.
  Lease take(const async::Address& address);
  // Error: as Reactor::connect.
  async::Task<Result<Lease>> connect(const async::Address& address, Milliseconds timeout);
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
  void sweep();

  async::Reactor& reactor_;
  std::unordered_map<async::Address, Shelf, AddressHash> shelves_;
  std::unique_ptr<async::Timer> sweeper_;
};

}  // namespace sallyport::upstream
