#include "http/field_name.h"

#include "http/byte_class.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sallyport::http {
namespace {

// The bytes of `text` from `at`, at most eight, in lower case: the bit that letters differ in by case is set in every
// byte, and '-' has it anyway. CR becomes '-' too: who compares must look for it.
constexpr std::uint64_t lower_word(std::string_view text, std::size_t at, std::size_t size) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at + i])) << (8 * i);
  }
  return word | 0x2020202020202020;
}

// A name of known size as few words: they overlap, so that two or three loads compare up to 24 bytes.
struct Words {
  std::uint64_t first = 0;
  std::uint64_t middle = 0;
  std::uint64_t last = 0;
  friend bool operator==(const Words&, const Words&) = default;
};

constexpr Words words_of(std::string_view name) {
  std::size_t size = name.size();
  if (size > 16) return {lower_word(name, 0, 8), lower_word(name, 8, 8), lower_word(name, size - 8, 8)};
  if (size >= 8) return {lower_word(name, 0, 8), 0, lower_word(name, size - 8, 8)};
  if (size >= 4) return {lower_word(name, 0, 4), 0, lower_word(name, size - 4, 4)};
  return {lower_word(name, 0, size), 0, 0};
}

struct Known {
  constexpr Known(std::string_view text, FieldName field) : name(text), words(words_of(text)), id(field) {}
  std::string_view name;
  Words words;
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
static_assert(std::ranges::is_sorted(kKnown, {}, [](const Known& k) { return k.name.size(); }));

constexpr std::size_t kLongest = 17;

// first_of_length[n] is where names of n bytes begin in kKnown.
constexpr auto kFirstOfLength = [] {
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::size_t at = 0;
    while (at < kKnown.size() && kKnown[at].name.size() < length) ++at;
    first[length] = static_cast<std::uint8_t>(at);
  }
  return first;
}();

}  // namespace

FieldName known_field(std::string_view name) noexcept {
  if (name.size() > kLongest) return FieldName::kOther;
  std::size_t at = kFirstOfLength[name.size()];
  std::size_t end = kFirstOfLength[name.size() + 1];
  if (at == end) return FieldName::kOther;
  Words words = words_of(name);
  for (; at != end; ++at) {
    if (words == kKnown[at].words && name.find('\r') == std::string_view::npos) return kKnown[at].id;
  }
  return FieldName::kOther;
}

bool is_field_name(std::string_view name) noexcept { return !name.empty() && is_all<kTokenByte>(name); }

bool is_field_value(std::string_view value) noexcept {
  const char* begin = value.data();
  const char* end = begin + value.size();
  return skip_value(begin, end) == end;
}

}  // namespace sallyport::http
