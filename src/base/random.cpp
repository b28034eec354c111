#include "base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sallyport {
namespace {

struct Block {
  std::array<unsigned char, 1024> bytes;
  std::size_t left = 0;

  void refill() noexcept {
    std::size_t got = 0;
    while (got < bytes.size()) {
      ssize_t count = getrandom(bytes.data() + got, bytes.size() - got, 0);
      if (count < 0 && errno != EINTR) std::abort();  // a kernel without random bytes: nothing may go on
      if (count > 0) got += static_cast<std::size_t>(count);
    }
    left = bytes.size();
  }
};

Block& own_block() noexcept {
  thread_local Block block;
  return block;
}

// A forked process must not give out the bytes that its parent will give out, too.
const int kForgetsAfterFork = pthread_atfork(nullptr, nullptr, [] { own_block().left = 0; });

}  // namespace

void fill_with_random(std::span<unsigned char> bytes) noexcept {
  Block& block = own_block();
  while (!bytes.empty()) {
    if (block.left == 0) block.refill();
    std::size_t count = std::min(bytes.size(), block.left);
    std::memcpy(bytes.data(), block.bytes.data() + block.bytes.size() - block.left, count);
    block.left -= count;
    bytes = bytes.subspan(count);
  }
}

std::uint32_t random_below(std::uint32_t limit) noexcept {
  // Multiply-shift with rejection, so that no value is likelier than another.
  std::uint32_t reject_below = -limit % limit;
  for (;;) {
    std::array<unsigned char, 4> bytes;
    fill_with_random(bytes);
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    std::uint64_t product = std::uint64_t{number} * limit;
    if (static_cast<std::uint32_t>(product) >= reject_below) return static_cast<std::uint32_t>(product >> 32);
  }
}

}  // namespace sallyport
