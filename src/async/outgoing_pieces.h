#pragma once
// What is left of the pieces that one send was asked to write. The bytes are the caller's.

#include "async/stream.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace sallyport::async {

class OutgoingPieces {
 public:
  using Vectors = std::array<iovec, Stream::kMostPieces>;

  void start(std::span<const std::string_view> pieces) noexcept {
    auto rest = std::copy(pieces.begin(), pieces.end(), left_.begin());
    std::fill(rest, left_.end(), std::string_view{});
  }

  std::size_t size() const noexcept {
    std::size_t size = 0;
    for (std::string_view piece : left_) size += piece.size();
    return size;
  }
  bool are_sent() const noexcept { return size() == 0; }

  // `bytes` of them, from the first on, have been taken by the kernel.
  void note_sent(std::size_t bytes) noexcept {
    for (std::string_view& piece : left_) {
      std::size_t taken = std::min(bytes, piece.size());
      piece.remove_prefix(taken);
      bytes -= taken;
    }
  }

  // Writes down what is left, for the kernel; how many pieces that are.
  std::size_t describe(Vectors& vectors) const noexcept {
    std::size_t count = 0;
    for (std::string_view piece : left_) {
      if (!piece.empty()) vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    return count;
  }

 private:
  std::array<std::string_view, Stream::kMostPieces> left_;
};

}  // namespace sallyport::async
