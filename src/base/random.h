#pragma once
// Unpredictable bytes from the kernel, fetched a block at a time. Each thread has its own block, and so has
// a forked process.

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

void fill_with_random(std::span<unsigned char> bytes) noexcept;

// Evenly from 0 to `limit` - 1; `limit` is at least 1.
std::uint32_t random_below(std::uint32_t limit) noexcept;

}  // namespace sallyport
