#pragma once
// An upstream of a simulation that speaks HTTP/2 in clear, by the gateway's own server side. Where a plan breaks off,
// it breaks a stream off, or, hard, the whole connection. Ends before its World.

#include "simulation/world.h"

#include <cstddef>
#include <memory>
#include <string>

namespace sallyport::simulation {

class H2Server {
 public:
  H2Server(World& world, const std::string& ip, std::uint16_t port = 80);
  H2Server(const H2Server&) = delete;
  H2Server& operator=(const H2Server&) = delete;

  // New connections, as soon as they are there.
  bool closes_new = false;
  std::size_t connections = 0;  // that ever came

 private:
  class Connection;
  Task<void> serve(async::StreamPtr stream);

  World& world_;
  std::unique_ptr<async::Listener> listener_;
};

}  // namespace sallyport::simulation
