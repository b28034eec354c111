#include "http/field_name.h"

#include "http/byte_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace sallyport::http {
namespace {

constexpr std::uint64_t word_at(const char* at, std::size_t size) {
  std::array<char, 8> bytes{};
  std::copy_n(at, size, bytes.begin());
  return std::bit_cast<std::uint64_t>(bytes);
}

// A name of known size as few words: they overlap, so that two or three loads compare up to 24 bytes.
struct Words {
  std::uint64_t first = 0;
  std::uint64_t middle = 0;
  std::uint64_t last = 0;
};

constexpr Words words_of(std::string_view name) {
  const char* begin = name.data();
  const char* end = begin + name.size();
  if (name.size() > 16) return {word_at(begin, 8), word_at(begin + 8, 8), word_at(end - 8, 8)};
  if (name.size() >= 8) return {word_at(begin, 8), 0, word_at(end - 8, 8)};
  if (name.size() >= 4) return {word_at(begin, 4), 0, word_at(end - 4, 4)};
  return {word_at(begin, 2), 0, word_at(end - 2, 2)};
}

// The bit that letters differ in by case, of the bytes that are letters.
constexpr std::uint64_t case_bits(std::uint64_t word) {
  std::uint64_t bits = 0;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    auto byte = static_cast<char>(word >> shift);
    if (byte >= 'a' && byte <= 'z') bits |= std::uint64_t{0x20} << shift;
  }
  return bits;
}

struct Known {
  constexpr Known(std::string_view text, FieldName field)
      : name(text),
        words(words_of(text)),
        bits{case_bits(words.first), case_bits(words.middle), case_bits(words.last)},
        id(field) {}
  // `other` are the words of a name of the same size.
  constexpr bool is(const Words& other) const {
    return (((other.first | bits.first) ^ words.first) | ((other.middle | bits.middle) ^ words.middle) |
            ((other.last | bits.last) ^ words.last)) == 0;
  }
  std::string_view name;
  Words words;
  Words bits;
  FieldName id;
};

constexpr std::array kKnown = {
    Known{"te", FieldName::kTe},
    Known{"host", FieldName::kHost},
    Known{"date", FieldName::kDate},
    Known{"expect", FieldName::kExpect},
    Known{"server", FieldName::kServer},
    Known{"cookie", FieldName::kCookie},
    Known{"trailer", FieldName::kTrailer},
    Known{"upgrade", FieldName::kUpgrade},
    Known{"referer", FieldName::kReferer},
    Known{"location", FieldName::kLocation},
    Known{"forwarded", FieldName::kForwarded},
    Known{"x-real-ip", FieldName::kXRealIp},
    Known{"connection", FieldName::kConnection},
    Known{"keep-alive", FieldName::kKeepAlive},
    Known{"user-agent", FieldName::kUserAgent},
    Known{"content-type", FieldName::kContentType},
    Known{"content-length", FieldName::kContentLength},
    Known{"x-forwarded-for", FieldName::kXForwardedFor},
    Known{"x-forwarded-host", FieldName::kXForwardedHost},
    Known{"x-forwarded-port", FieldName::kXForwardedPort},
    Known{"proxy-connection", FieldName::kProxyConnection},
    Known{"x-forwarded-proto", FieldName::kXForwardedProto},
    Known{"transfer-encoding", FieldName::kTransferEncoding},
};

constexpr std::size_t kShortest = 2;
constexpr std::size_t kLongest = 17;

// Known names differ in their size, their first byte or their last but one. The multiplier, found by trying, spreads
// these so that every name has a place for itself; a new name may want another one.
constexpr std::uint32_t kMultiplier = 0x9e3d572f;
constexpr std::size_t kPlaces = 64;

constexpr std::size_t place_of(std::string_view name) {
  auto byte = [&](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(name[at])} & 0x1f; };
  auto size = static_cast<std::uint32_t>(name.size());
  return (byte(0) | byte(name.size() - 2) << 5 | size << 10) * kMultiplier >> 26;
}

// What stands at a place, as its position in kKnown.
constexpr std::uint8_t kNobody = kKnown.size();
constexpr auto kKnownAt = [] {
  std::array<std::uint8_t, kPlaces> known{};
  known.fill(kNobody);
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    known[place_of(kKnown[i].name)] = static_cast<std::uint8_t>(i);
  }
  return known;
}();
static_assert(kKnown.size() + std::ranges::count(kKnownAt, kNobody) == kPlaces, "two names at one place");

// Of the same size, in lower case.
[[gnu::noinline]] bool is_disguise_of(std::string_view known, std::string_view name) noexcept {
  auto is_same = [](char wanted, char c) {
    return c >= 'A' && c <= 'Z' ? (c | 0x20) == wanted : c == wanted || (c == '_' && wanted == '-');
  };
  return std::ranges::equal(known, name, is_same);
}

}  // namespace

FieldName known_field(std::string_view name) noexcept {
  if (name.size() < kShortest || name.size() > kLongest) return FieldName::kOther;
  std::uint8_t at = kKnownAt[place_of(name)];
  if (at == kNobody || kKnown[at].name.size() != name.size()) return FieldName::kOther;
  if (kKnown[at].is(words_of(name))) return kKnown[at].id;
  return is_disguise_of(kKnown[at].name, name) ? FieldName::kDisguised : FieldName::kOther;
}

bool is_field_name(std::string_view name) noexcept { return !name.empty() && is_all<kTokenByte>(name); }

bool is_field_value(std::string_view value) noexcept { return is_all<kValueByte>(value); }

}  // namespace sallyport::http
