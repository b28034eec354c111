#pragma once
// Small operations on byte strings: case, trimming, splitting, numbers, percent-encoding.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

// ASCII only; other bytes are left as they are.
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string to_lower(std::string_view text);
bool has_upper_case(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

std::string_view trim(std::string_view text);  // spaces and tabs
std::vector<std::string_view> split(std::string_view text, char separator);

// Decimal digits only, no sign, no space; nothing on overflow.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

// `%41` -> `A`; a `%` without two hex digits stays as it is.
std::string percent_decode(std::string_view text);
// `A` -> `%41`
void append_percent_encoded(std::string& to, char c);
// Keeps unreserved characters and those in `keep`, encodes the rest.
std::string percent_encode(std::string_view text, std::string_view keep = "");
std::optional<std::uint8_t> hex_value(char c);

// Transparent hash, for look-up by string_view without a copy.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

}  // namespace sallyport
