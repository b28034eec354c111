#include "yaml/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace sallyport::yaml {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<json::Value> whole(std::string_view text, int base) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return json::Value(number);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  text = without_sign(text);
  std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    if (!is_digits(without_sign(text.substr(exponent + 1)))) return false;
    text = text.substr(0, exponent);
  }
  std::size_t point = text.find('.');
  std::string_view before = text.substr(0, point);
  std::string_view after = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (!before.empty() && !is_digits(before)) return false;
  if (!after.empty() && !is_digits(after)) return false;
  return !before.empty() || !after.empty();
}

std::optional<json::Value> floating(std::string_view text) {
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  double number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc()) return {};
  return json::Value(number);
}

}  // namespace

std::optional<json::Value> typed_scalar(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return json::Value();
  if (is_one_of(text, {"true", "True", "TRUE"})) return json::Value(true);
  if (is_one_of(text, {"false", "False", "FALSE"})) return json::Value(false);
  if (is_digits(without_sign(text))) {
    auto number = whole(text.starts_with('+') ? text.substr(1) : text, 10);
    return number ? number : floating(text);
  }
  if (text.starts_with("0x") && text.size() > 2 && text[2] != '-') {
    if (auto number = whole(text.substr(2), 16)) return number;
  }
  if (text.starts_with("0o") && text.size() > 2 && text[2] != '-') {
    if (auto number = whole(text.substr(2), 8)) return number;
  }
  if (is_float(text)) return floating(text);
  if (is_one_of(without_sign(text), {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"})) return {};
  return json::Value(text);
}

}  // namespace sallyport::yaml
