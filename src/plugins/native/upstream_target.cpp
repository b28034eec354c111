#include "plugins/native/upstream_target.h"

#include <fmt/format.h>

namespace sallyport::plugins::native {
namespace {

constexpr bool ends_request_line(unsigned char byte) { return byte <= 0x20 || byte == 0x7f; }

constexpr bool is_no_path_byte(unsigned char byte) {
  return ends_request_line(byte) || byte > 0x7f || byte == '#' || byte == '%' || byte == '?';
}

template <class MustEncode>
std::string encode(std::string_view text, MustEncode must_encode) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (must_encode(byte)) {
      out += fmt::format("%{:02X}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string encode_path(std::string_view path) { return encode(path, is_no_path_byte); }

std::string encode_query(std::string_view query) { return encode(query, ends_request_line); }

std::string with_arguments(std::string target, std::string_view query) {
  if (query.empty()) return target;
  target.push_back(target.find('?') == std::string::npos ? '?' : '&');
  return target.append(query);
}

}  // namespace sallyport::plugins::native
