#pragma once
// The sockets that the gateway listens with, by address: those it inherits from the gateway that it follows, and new
// ones. It remembers them all for a gateway that follows this one. Belongs to the control thread.

#include "async/address.h"
#include "async/reactor.h"
#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::app {

struct ListeningSocket {
  async::Address address;  // as it is bound
  int fd = -1;
};

using SocketList = std::vector<ListeningSocket>;

// "127.0.0.1:9080=3,127.0.0.1:9080=4,[::]:9080=5", an address and a descriptor each; docs/upgrade.md has the format.
std::string print_sockets(const SocketList& sockets);
// They are closed on exec from now on. Error: kInvalid, naming the pair that is none, or whose descriptor is no socket
// that listens at the address.
Result<SocketList> parse_sockets(std::string_view text);

class ListeningSockets final {
 public:
  explicit ListeningSockets(SocketList inherited) : inherited_(std::move(inherited)) {}
  ListeningSockets(const ListeningSockets&) = delete;
  ListeningSockets& operator=(const ListeningSockets&) = delete;
  ~ListeningSockets() { close_untaken(); }

  // Whether one was inherited that nobody took.
  bool inherits(const async::Address& address) const;

  // Every socket that was inherited for `address`, since connections may wait in each, and new ones up to `least`. New
  // ones are bound and do not listen yet. The caller owns them now, and keeps them open while the gateway may be
  // followed by another. Error: of async::bind_socket.
  Result<std::vector<int>> take(async::Address address, std::size_t least, async::SharePort share);

  // What was taken.
  const SocketList& taken() const noexcept { return taken_; }

  // Inherited ones whose address is not listened on any more. Their former owner answers what waits in them.
  void close_untaken();

 private:
  SocketList inherited_;
  SocketList taken_;
};

}  // namespace sallyport::app
