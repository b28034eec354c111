#include "plugins/wasm/pairs.h"

namespace sallyport::wasm {
namespace {

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number;
  std::memcpy(&number, bytes.data() + at, 4);
  return number;
}

// A text with its NUL, cut from the front of `rest`.
std::optional<std::string_view> take_text(std::string_view& rest, std::uint32_t size) {
  if (rest.size() <= size || rest[size] != '\0') return std::nullopt;
  std::string_view text = rest.substr(0, size);
  rest.remove_prefix(std::size_t{size} + 1);
  return text;
}

}  // namespace

std::optional<std::vector<Pair>> read_pairs(std::string_view bytes) {
  std::vector<Pair> pairs;
  if (bytes.empty() || bytes == std::string_view("\0", 1)) return pairs;
  if (bytes.size() < 4 || bytes.size() > kMostPairBytes) return std::nullopt;
  std::uint32_t count = number_at(bytes, 0);
  if (count > kMostPairs || bytes.size() < 4 + std::size_t{count} * 8) return std::nullopt;
  std::string_view rest = bytes.substr(4 + std::size_t{count} * 8);
  pairs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto name = take_text(rest, number_at(bytes, 4 + i * 8));
    if (!name) return std::nullopt;
    auto value = take_text(rest, number_at(bytes, 8 + i * 8));
    if (!value) return std::nullopt;
    pairs.emplace_back(*name, *value);
  }
  if (!rest.empty()) return std::nullopt;
  return pairs;
}

}  // namespace sallyport::wasm
