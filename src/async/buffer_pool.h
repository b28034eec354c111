#pragma once
// Read buffers of one loop, in two sizes, kept for reuse. Belongs to one loop.

#include "base/memory_watch.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace sallyport::async {

class BufferPool {
 public:
  static constexpr std::size_t kUsual = 32 * 1024;

  explicit BufferPool(std::size_t small = kUsual) : small_size_(small) {}

  std::size_t small() const noexcept { return small_size_; }
  std::size_t large() const noexcept { return 2 * small_size_; }

  // `size` is small() or large(); larger ones are not pooled.
  std::unique_ptr<char[]> get(std::size_t size) {
    auto& spare = size == small() ? small_ : large_;
    if (size > large() || spare.empty()) return std::unique_ptr<char[]>(new char[size]);
    auto buffer = std::move(spare.back());
    spare.pop_back();
    return buffer;
  }

  void put(std::unique_ptr<char[]> buffer, std::size_t size) {
    auto& spare = size == small() ? small_ : large_;
    if (size <= large() && spare.size() < kKeep) spare.push_back(std::move(buffer));
  }

 private:
  // Of each size. Under the address sanitizer none, so that it sees uses of what was given back.
  static constexpr std::size_t kKeep = kMemoryIsWatched ? 0 : 256;
  std::size_t small_size_;
  std::vector<std::unique_ptr<char[]>> small_;
  std::vector<std::unique_ptr<char[]>> large_;
};

}  // namespace sallyport::async
