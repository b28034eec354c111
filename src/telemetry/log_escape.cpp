#include "telemetry/log_escape.h"

#include "json/parse.h"

#include <algorithm>

namespace sallyport::telemetry {
namespace {

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

void append_hex(std::string& line, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  line.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
}

// Appends the bytes that `keep` accepts as they are and the others as \xXX.
template <class Keep>
void append_with_hex(std::string& line, std::string_view value, Keep keep) {
  for (auto rest = value.begin(); rest != value.end();) {
    auto other = std::find_if_not(rest, value.end(), keep);
    line.append(rest, other);
    rest = other;
    if (rest != value.end()) append_hex(line, *rest++);
  }
}

}  // namespace

void append_escaped(std::string& line, std::string_view value) { append_with_hex(line, value, is_plain); }

void append_json_escaped(std::string& line, std::string_view value) {
  bool all_plain = true;
  for (char c : value) all_plain &= is_plain(c);  // without an early end, which would keep it from being vectorised
  if (all_plain) {
    line.append(value);
    return;
  }
  std::string quoted;
  json::print_string_to(quoted, value);
  line.append(quoted, 1, quoted.size() - 2);
}

void append_on_one_line(std::string& line, std::string_view value) {
  append_with_hex(line, value, [](char c) { return c != '\r' && c != '\n'; });
}

}  // namespace sallyport::telemetry
