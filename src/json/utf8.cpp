#include "json/utf8.h"

namespace sallyport::json {
namespace {

bool in(unsigned char byte, unsigned char low, unsigned char high) { return byte >= low && byte <= high; }

}  // namespace

// The rows of RFC 3629, 4: the second byte's range refuses overlong forms, surrogates and what lies above U+10FFFF.
std::size_t code_point_size(std::string_view text) noexcept {
  auto byte = [&](std::size_t i) -> unsigned char { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  auto tails_follow = [&](std::size_t from, std::size_t size) {
    for (std::size_t i = from; i < size; ++i) {
      if (!in(byte(i), 0x80, 0xbf)) return false;
    }
    return true;
  };
  if (text.empty()) return 0;
  unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (in(first, 0xc2, 0xdf)) return tails_follow(1, 2) ? 2 : 0;
  if (in(first, 0xe0, 0xef)) {
    unsigned char low = first == 0xe0 ? 0xa0 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : 0xbf;
    return in(byte(1), low, high) && tails_follow(2, 3) ? 3 : 0;
  }
  if (in(first, 0xf0, 0xf4)) {
    unsigned char low = first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xf4 ? 0x8f : 0xbf;
    return in(byte(1), low, high) && tails_follow(2, 4) ? 4 : 0;
  }
  return 0;
}

std::size_t count_code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  while (!text.empty()) {
    std::size_t size = code_point_size(text);
    text.remove_prefix(size == 0 ? 1 : size);
    ++count;
  }
  return count;
}

}  // namespace sallyport::json
