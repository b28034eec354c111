#pragma once
// How many descriptors the process may have, of which each connection is one.

#include <cstdint>

namespace sallyport::app {

// Lets the process have as many as its hard limit allows, or `wanted` where that is not 0. What cannot be had is a
// warning in the log, and the hard limit counts. What there are now; 0: no limit is known.
std::uint64_t set_descriptor_limit(std::uint64_t wanted);

// How many of them may be in use when a client gets one more; the others are for the gateway's own endpoints and files.
std::uint64_t descriptors_for_clients(std::uint64_t limit);

}  // namespace sallyport::app
