// Whatever a guest gives as a header map: its texts lie within the bytes, and written anew they are the same map.

#include "base/bytes.h"
#include "plugins/wasm/pairs.h"
#include "require.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;

bool lies_within(std::string_view text, std::string_view bytes) {
  return text.data() >= bytes.data() && text.data() + text.size() <= bytes.data() + bytes.size();
}

bool is_same(const wasm::Pair& a, const wasm::Pair& b) {
  return equals_ignoring_case(a.first, b.first) && a.second == b.second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto pairs = wasm::read_pairs(bytes);
  if (!pairs) return 0;
  require(pairs->size() <= wasm::kMostPairs);
  wasm::PairsSize measured;
  for (const auto& [name, value] : *pairs) {
    require(lies_within(name, bytes) && lies_within(value, bytes));
    measured.add(name, value);
  }
  std::string block(measured.bytes, 'x');
  wasm::PairsWriter writer(block.data(), measured.count);
  for (const auto& [name, value] : *pairs) writer.add(name, value);
  require(pairs->empty() || block.size() == size);
  const auto again = wasm::read_pairs(block);
  require(again && std::ranges::equal(*again, *pairs, is_same));
  return 0;
}
