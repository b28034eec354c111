#include "exchange/variable_families.h"

#include "base/bytes.h"
#include "exchange/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport::exchange {
namespace {

using Text = std::optional<std::string_view>;
using http::FieldName;

constexpr char as_field_byte(char c) { return c == '_' ? '-' : to_lower(c); }

bool names_field(std::string_view key, std::string_view field) {
  return key.size() == field.size() &&
         std::ranges::equal(key, field, [](char a, char b) { return as_field_byte(a) == as_field_byte(b); });
}

bool is_meant(const http::Field& field, const VariableKey& key) {
  return field.known == key.known && (http::is_one_name(key.known) || names_field(key.text, field.name));
}

Text read_field(const http::Headers& headers, const VariableKey& key) {
  Text joined;
  for (const http::Field& field : headers) {
    if (!is_meant(field, key)) continue;
    std::string_view between = key.known == FieldName::kCookie ? "; " : ", ";
    joined = joined ? headers.arena().join(*joined, between, field.value) : field.value;
  }
  return joined;
}

Text body_length(const http::BodyLength& body, Arena& arena) {
  if (body.kind != http::BodyLength::Kind::kSized) return std::nullopt;
  return arena.copy(fmt::format_int(body.bytes).c_str());
}

// Content-Length and Transfer-Encoding are not among the fields of a message.
Text framing_field(const http::BodyLength& body, FieldName known, Arena& arena) {
  if (known == FieldName::kContentLength) return body_length(body, arena);
  if (known == FieldName::kTransferEncoding && body.kind == http::BodyLength::Kind::kChunked) return "chunked";
  return std::nullopt;
}

// '+' is a space and `%41` is 'A', as in forms.
std::string_view decoded(std::string_view text, Arena& arena) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  std::string with_spaces(text);
  std::ranges::replace(with_spaces, '+', ' ');
  return arena.copy(percent_decode(with_spaces));
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool names_property(std::string_view key, std::string_view name) {
  return std::ranges::equal(key, name, [](char k, char n) { return k == n || (k == '_' && !is_letter_or_digit(n)); });
}

}  // namespace

Text read_argument(const Exchange& exchange, const VariableKey& key) {
  std::string_view rest = exchange.query;
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('&'), rest.size());
    std::string_view argument = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    std::size_t equals = argument.find('=');
    if (decoded(argument.substr(0, equals), exchange.arena) != key.text) continue;
    if (equals == std::string_view::npos) return "";
    return decoded(argument.substr(equals + 1), exchange.arena);
  }
  return std::nullopt;
}

Text read_cookie(const Exchange& exchange, const VariableKey& key) {
  for (const http::Field& field : exchange.request.headers) {
    if (field.known != FieldName::kCookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == key.text) return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

Text read_request_field(const Exchange& exchange, const VariableKey& key) {
  if (Text value = read_field(exchange.request.headers, key)) return value;
  if (key.known == FieldName::kUpgrade && !exchange.request.upgrade.empty()) return exchange.request.upgrade;
  return framing_field(exchange.request.body, key.known, exchange.arena);
}

Text read_response_field(const Exchange& exchange, const VariableKey& key) {
  if (Text value = read_field(exchange.response.headers, key)) return value;
  return framing_field(exchange.response.body, key.known, exchange.arena);
}

Text read_upstream_field(const Exchange& exchange, const VariableKey& key) {
  if (exchange.response_source != ResponseSource::kUpstream) return std::nullopt;
  return read_response_field(exchange, key);
}

Text read_property(const Exchange& exchange, const VariableKey& key) {
  auto found = std::ranges::find_if(exchange.properties(),
                                    [&](const Property& property) { return names_property(key.text, property.name); });
  if (found == exchange.properties().end()) return std::nullopt;
  return found->value;
}

FieldName field_of_variable(std::string_view key) noexcept {
  std::array<char, 32> name;
  if (key.size() > name.size()) return FieldName::kOther;
  std::ranges::transform(key, name.begin(), as_field_byte);
  return http::known_field({name.data(), key.size()});
}

}  // namespace sallyport::exchange
