#pragma once
// Connections of HTTP/2 to upstreams, which many exchanges share: by address, and over TLS by peer. Few of them:
// another is opened where none takes a further exchange. Belongs to one worker; the exchanges may outlive it.

#include "async/address.h"
#include "async/event.h"
#include "async/reactor.h"
#include "async/task_group.h"
#include "h2/client_connection.h"
#include "upstream/cluster.h"
#include "upstream/connector.h"
#include "wire/client_exchange.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sallyport::upstream {

class StreamPool final {
 public:
  struct Leased {
    std::unique_ptr<wire::ClientExchange> exchange;
    async::Address address;
  };

  explicit StreamPool(Connector& connector);
  ~StreamPool();

  // An exchange on a connection that is there; null when none takes it. `peer`: over TLS; or null.
  std::unique_ptr<wire::ClientExchange> take(const async::Address& address, const TlsPeer* peer);
  // Waits while a connection is being opened, or while `limits.size` of them take no more. Error, side upstream: as
  // Connector::connect and h2::ClientConnection::open; kTimeout when none was free in time.
  async::Task<Result<Leased>> lease(Destination to, Milliseconds timeout, const KeepalivePool& limits);

  std::size_t connections() const noexcept;

 private:
  struct Held {
    std::unique_ptr<h2::ClientConnection> connection;
    KeepalivePool limits;
    bool has_room() const { return connection->has_room() && limits_allow(); }
    bool limits_allow() const;
  };
  class Waiter;
  // Stays where it is as long as it has connections, opens one, or somebody waits.
  struct Shelf {
    async::Address address;
    std::vector<Held> held;
    std::deque<Waiter*> waiting;
    bool opens = false;
    // Another address of the same host, which answered when this one did not; counts until then.
    std::optional<async::Address> detour;
    SteadyTime detour_until{};
  };
  struct Goal {
    Destination to;
    Milliseconds timeout;
    KeepalivePool limits;
  };
  struct Opened {
    std::unique_ptr<h2::ClientConnection> connection;
    async::Address address;
  };

  Shelf& shelf_of(const async::Address& address, const TlsPeer* peer);
  Shelf& shelf_for(const Destination& to);
  static std::unique_ptr<wire::ClientExchange> take(Shelf& shelf);
  static bool may_open(const Shelf& shelf, const KeepalivePool& limits);
  async::Task<void> open(Shelf& shelf, Goal goal);
  async::Task<Result<Opened>> connect(Goal goal);
  void put(Shelf& shelf, Opened opened, const Goal& goal);
  static void wake(Shelf& shelf, const Error* error);
  static void wake_next(Shelf& shelf, const Error* error);
  void sweep();
  void look_after_connections();
  void drop_unused(Shelf& shelf) const;

  Connector& connector_;
  std::unordered_map<std::string, Shelf> shelves_;
  std::vector<std::unique_ptr<h2::ClientConnection>> ended_;  // which never began; nothing of theirs is under way later
  std::unique_ptr<async::Timer> sweeper_;
  async::TaskGroup tasks_;  // last: they use everything above
};

}  // namespace sallyport::upstream
