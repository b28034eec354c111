#pragma once
// How many descriptors the process may have, of which each connection is one.

#include <cstdint>

namespace sallyport::app {

// Lets the process have as many as its hard limit allows, or `wanted` where that is not 0. What cannot be had is a
// warning in the log, and the hard limit counts.
void set_descriptor_limit(std::uint64_t wanted);

}  // namespace sallyport::app
