#include "json/parse.h"
#include "json/utf8.h"

#include <array>
#include <charconv>
#include <cmath>

namespace sallyport::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Bytes that stand for themselves inside quotes and need no look at their neighbours.
bool is_plain(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void print_control_to(std::string& out, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

void print_escaped_to(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      print_control_to(out, static_cast<unsigned char>(c));
  }
}

template <class Number>
void print_number_to(std::string& out, Number number) {
  std::array<char, 32> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void print_array_to(std::string& out, const Array& array) {
  out += '[';
  for (const Value& item : array) {
    if (&item != &array.front()) out += ',';
    print_to(out, item);
  }
  out += ']';
}

void print_object_to(std::string& out, const Object& object) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : object) {
    if (!first) out += ',';
    first = false;
    print_string_to(out, key);
    out += ':';
    print_to(out, value);
  }
  out += '}';
}

}  // namespace

void print_string_to(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t size = code_point_size(text);
    if (size > 1) {
      out.append(text.substr(0, size));
    } else if (size == 1) {
      print_escaped_to(out, text.front());
    } else {
      out.append(kReplacement);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

void print_to(std::string& out, const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      out += "null";
      return;
    case Type::kBoolean:
      out += value.boolean() ? "true" : "false";
      return;
    case Type::kInteger:
      print_number_to(out, value.integer());
      return;
    case Type::kNumber:
      if (std::isfinite(value.number())) {
        print_number_to(out, value.number());
      } else {
        out += "null";
      }
      return;
    case Type::kString:
      print_string_to(out, value.string());
      return;
    case Type::kArray:
      print_array_to(out, value.array());
      return;
    case Type::kObject:
      print_object_to(out, value.object());
      return;
  }
}

std::string print(const Value& value) {
  std::string out;
  print_to(out, value);
  return out;
}

}  // namespace sallyport::json
