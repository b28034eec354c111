#pragma once
// Scans over runs of bytes of one class, sixteen at a time where the machine can: heads are mostly such runs. The scans
// return the first byte that does not belong, or `end`.

#include "http/byte_class.h"

#include <cstddef>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sallyport::http {

// For runs of few bytes.
template <ByteClass kWanted>
constexpr const char* skip_bytewise(const char* at, const char* end) {
  while (at != end && is_in(*at, kWanted)) ++at;
  return at;
}

namespace scan {

// Whether `belonging` names every byte of the class.
template <ByteClass kWanted>
inline constexpr bool kIsExact = false;

#if defined(__SSE2__)
template <>
inline constexpr bool kIsExact<kValueByte> = true;
template <>
inline constexpr bool kIsExact<kTargetByte> = true;
template <>
inline constexpr bool kIsExact<kPathByte> = true;

using Sixteen = __m128i;

inline Sixteen all(char c) { return _mm_set1_epi8(c); }
inline Sixteen are(Sixteen bytes, char c) { return _mm_cmpeq_epi8(bytes, all(c)); }
inline Sixteen either(Sixteen a, Sixteen b) { return _mm_or_si128(a, b); }
inline Sixteen a_but_not_b(Sixteen a, Sixteen b) { return _mm_andnot_si128(b, a); }
inline Sixteen at_most(Sixteen bytes, int most) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, all(static_cast<char>(most))), bytes);
}
inline Sixteen between(Sixteen bytes, char least, char most) {
  return at_most(_mm_sub_epi8(bytes, all(least)), most - least);
}
inline Sixteen alphanumeric(Sixteen bytes) {
  return either(between(either(bytes, all(0x20)), 'a', 'z'), between(bytes, '0', '9'));
}

// Which bytes belong. Of tokens and names only those that are usual: the others are looked up one by one. NUL belongs
// to none, so that it may stand for what is beyond the end.
template <ByteClass kWanted>
Sixteen belonging(Sixteen bytes) {
  if constexpr (kWanted == kValueByte) {
    Sixteen control = a_but_not_b(at_most(bytes, 31), are(bytes, '\t'));
    return a_but_not_b(all(-1), either(control, are(bytes, 127)));
  } else if constexpr (kWanted == kTokenByte) {
    return either(alphanumeric(bytes), are(bytes, '-'));
  } else if constexpr (kWanted == kRegNameByte) {
    return either(alphanumeric(bytes), between(bytes, '-', '.'));
  } else {
    static_assert(kWanted == kTargetByte || kWanted == kPathByte);
    Sixteen stops = kWanted == kPathByte ? either(are(bytes, '#'), are(bytes, '?')) : are(bytes, '#');
    return a_but_not_b(between(bytes, '!', '~'), stops);
  }
}

inline Sixteen load(const char* from) { return _mm_loadu_si128(reinterpret_cast<const Sixteen*>(from)); }

template <class Word>
std::uint64_t word_at(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The `size` bytes at `from`, less than sixteen, then NUL. Not inlined: it comes once in a scan, mostly none at all,
// and its arithmetic would disturb the loop.
[[gnu::noinline]] inline Sixteen load_few(const char* from, std::size_t size) {
  if (size >= 8) {
    std::uint64_t rest = word_at<std::uint64_t>(from + size - 8) >> 1 >> (127 - 8 * size);  // 64 for size 8
    return _mm_set_epi64x(static_cast<long long>(rest), static_cast<long long>(word_at<std::uint64_t>(from)));
  }
  std::uint64_t word = 0;
  if (size >= 4) {
    word = word_at<std::uint32_t>(from) | word_at<std::uint32_t>(from + size - 4) << (8 * size - 32);
  } else if (size != 0) {
    // The first, the middle and the last of one to three bytes.
    word = word_at<std::uint8_t>(from) | word_at<std::uint8_t>(from + size / 2) << (size / 2 * 8) |
           word_at<std::uint8_t>(from + size - 1) << (8 * size - 8);
  }
  return _mm_cvtsi64_si128(static_cast<long long>(word));
}

// A bit for each byte that does not belong.
template <ByteClass kWanted>
unsigned others(Sixteen bytes) {
  return static_cast<unsigned>(_mm_movemask_epi8(belonging<kWanted>(bytes))) ^ 0xffff;
}

// The same of the `size` bytes at `from`, less than sixteen; the first beyond them counts as one that does not.
// The bytes from `readable` on may be read as well.
template <ByteClass kWanted>
unsigned others_of_few(const char* readable, const char* from, std::size_t size) {
  const char* end = from + size;
  if (end - readable < 16) return others<kWanted>(load_few(from, size));
  return (others<kWanted>(load(end - 16)) | 0x10000) >> (16 - size);
}
#endif

}  // namespace scan

// The bytes from `readable` on, at or before `at`, may be read as well: that makes it quicker near `end`.
template <ByteClass kWanted>
const char* skip(const char* readable, const char* at, const char* end) {
#if defined(__SSE2__)
  unsigned others = 0;
  for (; end - at >= 16; at += 16) {
    others = scan::others<kWanted>(scan::load(at));
    if (others != 0) break;
  }
  if (others == 0) others = scan::others_of_few<kWanted>(readable, at, static_cast<std::size_t>(end - at));
  at += __builtin_ctz(others);
#endif
  return scan::kIsExact<kWanted> ? at : skip_bytewise<kWanted>(at, end);
}

template <ByteClass kWanted>
const char* skip(const char* at, const char* end) {
  return skip<kWanted>(at, at, end);
}

template <ByteClass kWanted>
bool is_all(std::string_view text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  return skip<kWanted>(begin, end) == end;
}

}  // namespace sallyport::http
