#include "head_text.h"

#include <cctype>
#include <charconv>
#include <cstdio>

namespace bench {

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::optional<std::size_t> content_length(std::string_view lower) {
  constexpr std::string_view kName = "\r\ncontent-length: ";
  const std::size_t name = lower.find(kName);
  if (name == std::string_view::npos) return std::nullopt;
  std::size_t length = 0;
  const char* digits = lower.data() + name + kName.size();
  const auto parsed = std::from_chars(digits, lower.data() + lower.size(), length);
  if (parsed.ptr == digits) return std::nullopt;
  return length;
}

std::string as_json_string(std::string_view text) {
  std::string json = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += static_cast<char>(c);
    } else if (c < 0x20 || c >= 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      json += escaped;
    } else {
      json += static_cast<char>(c);
    }
  }
  return json + '"';
}

}  // namespace bench
