#include "base/bytes.h"

#include <algorithm>
#include <cstring>

namespace sallyport {
namespace {

// Of eight letters, the highest bit of each that is one of A to Z.
std::uint64_t upper_case_of(const char* eight) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighest = kEach * 0x80;
  std::uint64_t letters;
  std::memcpy(&letters, eight, sizeof letters);
  const std::uint64_t ascii = letters & ~kHighest;
  const std::uint64_t from_a = ascii + kEach * (0x80 - 'A');
  const std::uint64_t behind_z = ascii + kEach * (0x7f - 'Z');
  return from_a & ~behind_z & ~letters & kHighest;
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

bool has_upper_case(std::string_view text) {
  constexpr std::size_t kStep = 8;
  if (text.size() < kStep) return std::ranges::any_of(text, [](char c) { return to_lower(c) != c; });
  std::uint64_t found = upper_case_of(text.data() + text.size() - kStep);
  for (std::size_t at = 0; at + kStep < text.size(); at += kStep) found |= upper_case_of(text.data() + at);
  return found != 0;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<std::uint8_t> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<std::uint8_t>(lower - 'a' + 10);
  return std::nullopt;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      auto high = hex_value(text[i + 1]);
      auto low = hex_value(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high << 4 | *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

void append_percent_encoded(std::string& to, char c) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  to.push_back('%');
  to.push_back(kHex[byte >> 4]);
  to.push_back(kHex[byte & 15]);
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  std::string encoded;
  encoded.reserve(text.size());
  for (char c : text) {
    bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '.' || c == '_' || c == '~';
    if (unreserved || keep.find(c) != std::string_view::npos) {
      encoded.push_back(c);
    } else {
      append_percent_encoded(encoded, c);
    }
  }
  return encoded;
}

}  // namespace sallyport
