#pragma once
// Upstreams of a simulation: servers that answer, and break off, as the plan of a request says. One for HTTP/1.1 byte
// by byte, one for HTTP/2. They note what they got. They end before their World.

#include "simulation/world.h"
#include "wire/incoming_body.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::simulation {

class Server {
 public:
  // Listens there, in clear.
  Server(World& world, const std::string& ip, std::uint16_t port = 80);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Closes connections that wait for a request after this time at most; 0: never.
  Milliseconds closes_idle{0};
  // Reads nothing of a new connection before.
  Milliseconds reads_after{0};

 private:
  struct Connection;
  Task<void> serve(async::StreamPtr stream);
  Task<bool> serve_next(Connection& connection);
  Task<bool> take_body(Connection& connection, Entry& entry, http::RequestHead& head);
  Task<bool> respond(Connection& connection, const Entry& entry, bool breaks);
  static void break_off(Connection& connection, const Plan& plan);

  World& world_;
  std::unique_ptr<async::Listener> listener_;
};

// What the one trailer field of a body that has ended says; empty: there is none.
inline std::string trailer_behind(const wire::IncomingBody& body) {
  Arena arena;
  http::Headers trailers(arena);
  body.trailers(trailers);
  return std::string(trailers.get("x-trailer").value_or(""));
}

// Of a request that came to an upstream: what must not be is a violation.
void note_arrival(World& world, Entry& entry);
void note_body(World& world, Entry& entry, const std::string& body, std::string_view trailer);

}  // namespace sallyport::simulation
