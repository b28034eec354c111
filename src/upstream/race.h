#pragma once
// Connects to one of several addresses of a host, whichever answers first (RFC 8305, "happy eyeballs"): the next
// attempt begins 250 ms after the last one, or as soon as that has failed.

#include "async/address.h"
#include "async/reactor.h"
#include "async/task.h"

#include <cstddef>
#include <vector>

namespace sallyport::upstream {

struct RaceResult {
  async::StreamPtr stream;
  std::size_t winner = 0;  // the index of its address
};

// `addresses` has at least one; `timeout` is for all attempts together. Error: as Reactor::connect, of the attempt that
// failed last.
async::Task<Result<RaceResult>> race(async::Reactor& reactor, std::vector<async::Address> addresses,
                                     Milliseconds timeout);

}  // namespace sallyport::upstream
