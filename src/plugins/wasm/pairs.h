#pragma once
// Header maps as bytes: u32 count, then per pair u32 length of name and of value, then name NUL value NUL per pair; all
// numbers little-endian, nothing aligned.

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

inline constexpr std::uint32_t kMostPairs = 1024;
inline constexpr std::size_t kMostPairBytes = 1 << 20;

// First every pair is measured, then a PairsWriter writes the same ones.
struct PairsSize {
  std::uint32_t count = 0;
  std::size_t bytes = 4;
  void add(std::string_view name, std::string_view value) {
    ++count;
    bytes += 8 + name.size() + 1 + value.size() + 1;
  }
};

// Writes pairs into a block of the measured size. Names become lower case.
class PairsWriter {
 public:
  PairsWriter(char* block, std::uint32_t count) : lengths_(block + 4), texts_(block + 4 + std::size_t{count} * 8) {
    std::memcpy(block, &count, 4);
  }

  void add(std::string_view name, std::string_view value) {
    put_length(name.size());
    put_length(value.size());
    for (char c : name) *texts_++ = to_lower(c);
    *texts_++ = '\0';
    if (!value.empty()) std::memcpy(texts_, value.data(), value.size());
    texts_ += value.size();
    *texts_++ = '\0';
  }

 private:
  void put_length(std::size_t size) {
    auto length = static_cast<std::uint32_t>(size);
    std::memcpy(lengths_, &length, 4);
    lengths_ += 4;
  }

  char* lengths_;
  char* texts_;
};

using Pair = std::pair<std::string_view, std::string_view>;

// Views into `bytes`. Nothing when they are malformed; an empty map may be written as no bytes or as a single NUL.
std::optional<std::vector<Pair>> read_pairs(std::string_view bytes);

}  // namespace sallyport::wasm
