#pragma once
// What the command line of `load` says.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Options {
  int proxy = 0;     // port on loopback
  int upstream = 0;  // port on loopback to serve as the upstream; 0: there is none
  int connections = 50;
  std::uint64_t under_way = 0;  // most requests at once, of all; 0: one of each connection. HTTP/1.1 only
  int streams = 0;              // of HTTP/2 on each connection; 0: HTTP/1.1
  bool tls = false;             // 1.3
  unsigned nap_us = 0;          // to sleep between two looks at the sockets; 0: never, the load saturates
  double warm_up_seconds = 0.5;
  double seconds = 5;
  std::uint64_t requests = 0;   // instead of a time, and without warming up
  bool until_released = false;  // go on after them until standard input ends
  std::uint64_t mark_every = 0;
  std::vector<pid_t> cpu_of;

  std::string path = "/";
  std::vector<std::string> headers;  // "Name: value"
  std::size_t post_bytes = 0;        // 0: GET
  std::size_t body_bytes = 100;      // of the upstream's response

  std::string expected_status = "200";
  std::vector<std::string> expected_headers;  // "Name: value"
  std::string expected_body;                  // without an upstream; empty: any
};

// Exits with 2 and the usage when the arguments make no sense.
Options parse_options(int count, char** words);

}  // namespace bench
