#pragma once
// Clients of a simulation: each asks its share of the requests, one connection after the other, leaves where the plan
// says so, and looks at every byte that comes back. They end before their World.

#include "simulation/world.h"

#include <vector>

namespace sallyport::simulation {

// One request after the other on kept connections of HTTP/1.1.
Task<void> ask_over_h1(World& world, std::vector<Entry*> entries);
// On one connection of HTTP/2, up to `at_once` of them side by side.
Task<void> ask_over_h2(World& world, std::vector<Entry*> entries, std::size_t at_once);

// Of a response that a client has got; its head came whole. What must not be is a violation.
struct Seen {
  int status = 0;
  std::string from;    // "upstream", "plugin", or empty: the gateway's own
  std::string number;  // which it says it is for
  std::string body;
  std::string trailer;
  bool is_whole = false;
};
void check_response(World& world, Entry& entry, const Seen& seen);

}  // namespace sallyport::simulation
