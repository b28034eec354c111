#pragma once
// What every loop does with sockets before it watches them. Free of state.

#include "async/address.h"
#include "async/reactor.h"
#include "async/stream.h"
#include "base/result.h"

#include <functional>
#include <memory>
#include <string>

namespace sallyport::async {

// A descriptor that is bound to `address`, where nothing arrives yet; a unix socket that a former process left behind
// makes way. Error: kUnavailable with the address and the reason.
Result<int> bind_socket(const Address& address, SharePort share);
// Also of one that listens already. Error: as above; the descriptor is closed then.
Status start_listening(int fd);

// Where a socket is bound; an address without a family for what is no socket.
Address local_address_of(int fd);

// Whether a socket listens there, of whatever process; a connection that comes at that moment is not disturbed.
bool is_listened_on(const Address& address);

// Accepts from such a descriptor, which it owns.
std::unique_ptr<Listener> accept_from(Reactor& reactor, int fd, Reactor::OnArrival on_arrival);

// A descriptor on its way to `address`; not `connected`: it becomes writable when it is, or when that failed.
struct Connecting {
  int fd = -1;
  bool connected = false;
};
// Error: as of Reactor::connect.
Result<Connecting> begin_connect(const Address& address);
// Why a connection did not come about: the wait for it ended with `status`, its socket's last error is `error`.
Error connect_error(const Address& address, IoStatus status, int error, Milliseconds timeout);

}  // namespace sallyport::async
