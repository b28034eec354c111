#include "base/setting_text.h"

#include "base/bytes.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

namespace sallyport {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMostMilliseconds = 365ull * 24 * 3600 * 1000;

std::optional<std::uint64_t> milliseconds_of(std::string_view unit) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> kUnits{
      {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const auto& [name, factor] : kUnits) {
    if (name == unit) return factor;
  }
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    auto digits = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
    auto number = parse_unsigned(text.substr(0, digits));
    text.remove_prefix(digits);
    auto letters = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_digit) - text.begin());
    auto factor = milliseconds_of(text.substr(0, letters));
    text.remove_prefix(letters);
    if (!number || !factor || *number > kMostMilliseconds / *factor) return std::nullopt;
    sum += *number * *factor;
    if (sum > kMostMilliseconds) return std::nullopt;
  }
  return milliseconds(sum);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned shift = 0;
  switch (to_lower(text.back())) {
    case 'k':
      shift = 10;
      break;
    case 'm':
      shift = 20;
      break;
    case 'g':
      shift = 30;
      break;
    default:
      break;
  }
  if (shift) text.remove_suffix(1);
  auto number = parse_unsigned(text);
  if (!number || *number > (std::uint64_t{1} << 62) >> shift) return std::nullopt;
  return *number << shift;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view found;
  std::size_t least = word.size() < 4 ? 2 : word.size() < 12 ? 3 : 4;
  for (std::string_view candidate : known) {
    if (std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size()) >= least) continue;
    if (const std::size_t distance = edit_distance(word, candidate); distance < least) {
      least = distance;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view found = nearest(word, known);
  return found.empty() ? "" : fmt::format("; did you mean {}?", found);
}

}  // namespace sallyport
