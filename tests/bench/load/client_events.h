#pragma once
// What clients of every protocol have in common.

#include "sockets.h"

#include <cstdint>
#include <string>

namespace bench {

class H1Client;

// What all clients share and tell. Lives longer than they do.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  // Whether one more request shall be sent; called before each.
  virtual bool take_turn() = 0;
  // As that, for clients of HTTP/1.1, of which only so many may have a request under way: false also means that the
  // client is to `ask` later, when those who waited before it have had their turn.
  virtual bool take_turn(H1Client& client) = 0;
  virtual void done(std::uint64_t latency_ns) = 0;
  // A request that got no response, or not the expected one. The client connects anew and goes on.
  virtual void failed(const std::string& reason) = 0;
};

class Client : public Endpoint {
 public:
  virtual void start() = 0;
};

}  // namespace bench
