#include "upstream/hash_ring.h"

#include "upstream/cluster.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace sallyport::upstream {
namespace {

constexpr std::uint64_t kPointsPerWeight = 160;
constexpr std::uint64_t kMostPoints = 1 << 17;  // weights far apart give no endless ring

}  // namespace

// FNV-1a, then the finalizer of MurmurHash3, so that neighbouring texts lie far apart.
std::uint64_t ring_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

HashRing::HashRing(const std::vector<Node>& nodes) {
  std::uint64_t divisor = 0, total = 0;
  for (const Node& node : nodes) divisor = std::gcd(divisor, node.weight);
  if (divisor == 0) return;
  for (const Node& node : nodes) total += node.weight / divisor * kPointsPerWeight;

  for (std::uint32_t index = 0; index < nodes.size(); ++index) {
    const Node& node = nodes[index];
    if (node.weight == 0) continue;
    std::uint64_t count = node.weight / divisor * kPointsPerWeight;
    if (total > kMostPoints) count = std::max<std::uint64_t>(1, count * kMostPoints / total);
    const std::string name = node.host + ':' + std::to_string(node.port) + '#';
    for (std::uint64_t i = 0; i < count; ++i) points_.push_back({ring_hash(name + std::to_string(i)), index});
  }
  std::ranges::sort(points_, {}, [](const Point& point) { return std::pair(point.hash, point.node); });
}

std::size_t HashRing::first_at(std::uint64_t hash) const {
  auto at = std::ranges::lower_bound(points_, hash, {}, &Point::hash);
  return at == points_.end() ? 0 : static_cast<std::size_t>(at - points_.begin());
}

}  // namespace sallyport::upstream
