#pragma once
// Whether a port is still listened on by a process that has ended: the kernel takes a ring of io_uring apart, and
// closes the sockets it works on, some tens of milliseconds after its process has gone.

#include "async/address.h"

namespace sallyport::async {

// Whether a socket of this user listens at the port of `address` that no process has open. Processes in other PID
// namespaces are not seen. False where /proc does not tell.
bool has_abandoned_listener(const Address& address);

}  // namespace sallyport::async
