#pragma once
// Which bytes may stand where in a message (RFC 9110 5.5, 5.6.2; RFC 3986 2). http/byte_scan.h looks at runs of them.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::http {

enum ByteClass : std::uint8_t {
  kTokenByte = 1,     // tchar
  kValueByte = 2,     // HTAB, SP, visible ASCII and obs-text
  kTargetByte = 4,    // visible ASCII but '#'
  kPathByte = 8,      // those but '?'
  kSegmentByte = 16,  // those but '/', '%' and '\\'
  kRegNameByte = 32,  // unreserved; the other reg-name characters are refused, no host has them
};

inline constexpr auto kByteClasses = [] {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&](std::string_view bytes, unsigned classes) {
    for (char c : bytes) table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(classes);
  };
  auto mark_visible_but = [&](std::string_view bytes, unsigned classes) {
    for (char c = '!'; c <= '~'; ++c) {
      if (bytes.find(c) == std::string_view::npos)
        table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(classes);
    }
  };
  for (unsigned c = 128; c < 256; ++c) table[c] = kValueByte;
  mark("\t ", kValueByte);
  mark_visible_but("", kValueByte);
  mark_visible_but("#", kTargetByte);
  mark_visible_but("#?", kPathByte);
  mark_visible_but("#?/%\\", kSegmentByte);
  mark_visible_but("\"(),/:;<=>?@[\\]{}", kTokenByte);
  mark("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~", kRegNameByte);
  return table;
}();

constexpr bool is_in(char c, ByteClass wanted) { return (kByteClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

}  // namespace sallyport::http
