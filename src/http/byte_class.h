#pragma once
// Which bytes may stand where in a message (RFC 9110 5.5, 5.6.2; RFC 3986 2), and scans over runs of them. The scans
// return the first byte that does not belong, or `end`.

#include <array>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

template <ByteClass kWanted>
constexpr const char* skip(const char* at, const char* end) {
  while (at != end && is_in(*at, kWanted)) ++at;
  return at;
}

// skip<kValueByte>, sixteen bytes at a time where the machine can: values are most of a head.
inline const char* skip_value(const char* at, const char* end) {
#if defined(__SSE2__)
  while (end - at >= 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(31)), bytes);
    __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(127));
    auto stops = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del)));
    if (stops != 0) return at + __builtin_ctz(stops);
    at += 16;
  }
#endif
  return skip<kValueByte>(at, end);
}

template <ByteClass kWanted>
constexpr bool is_all(std::string_view text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  return skip<kWanted>(begin, end) == end;
}

}  // namespace sallyport::http
