#pragma once
// A connection that no loop has yet. Owns its socket, and may go to another thread.

#include "async/address.h"

#include <utility>

namespace sallyport::async {

class Arrival {
 public:
  Arrival(int socket, Address peer) : peer_(peer), socket_(socket) {}
  Arrival(Arrival&& other) noexcept : peer_(other.peer_), socket_(std::exchange(other.socket_, -1)) {}
  Arrival& operator=(Arrival&&) = delete;
  ~Arrival();

  const Address& peer() const noexcept { return peer_; }
  int socket() const noexcept { return socket_; }
  // The socket, which is the caller's from now on.
  int release() noexcept { return std::exchange(socket_, -1); }

 private:
  Address peer_;
  int socket_;
};

}  // namespace sallyport::async
