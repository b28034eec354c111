#include "upstream/hash_ring.h"

#include "upstream/cluster.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <utility>

namespace sallyport::upstream {
namespace {

constexpr std::uint64_t kPointsPerWeight = 160;
constexpr std::uint64_t kMostPoints = 1 << 20;  // 8 MiB; weights far apart give no endless ring

// Of what `before` is the checksum of, and `bytes` behind it.
std::uint32_t continued(std::uint32_t before, std::string_view bytes) noexcept {
  return static_cast<std::uint32_t>(::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// How APISIX names a node here: as in its `nodes`, with zero bytes for the colons.
std::string name_on_ring(const Node& node) {
  const bool is_v6 = node.host.find(':') != std::string::npos;
  std::string name = (is_v6 ? "[" + node.host + "]" : node.host) + ':' + std::to_string(node.port);
  std::ranges::replace(name, ':', '\0');
  return name;
}

// Points of a node are a chain: each is the checksum of the name and of the point before it, in little endian. So a
// node of more weight keeps the points that it has with less.
class PointChain {
 public:
  explicit PointChain(const Node& node) : name_(ring_hash(name_on_ring(node))) {}

  std::uint32_t next() noexcept {
    std::array<char, 4> before{};
    for (unsigned i = 0; i < before.size(); ++i) before[i] = static_cast<char>(last_ >> (8 * i) & 0xff);
    return last_ = continued(name_, {before.data(), before.size()});
  }

 private:
  std::uint32_t name_;
  std::uint32_t last_ = 0;
};

// Weights of one priority count by their greatest common divisor.
std::vector<std::uint64_t> counts_of_points(const std::vector<Node>& nodes) {
  std::map<std::int64_t, std::uint64_t> divisors;
  for (const Node& node : nodes) {
    std::uint64_t& divisor = divisors[node.priority];
    divisor = std::gcd(divisor, node.weight);
  }
  std::vector<std::uint64_t> counts;
  counts.reserve(nodes.size());
  for (const Node& node : nodes) {
    counts.push_back(node.weight == 0 ? 0 : node.weight / divisors[node.priority] * kPointsPerWeight);
  }
  const std::uint64_t total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  for (std::uint64_t& count : counts) {
    if (total > kMostPoints && count > 0) count = std::max<std::uint64_t>(1, count * kMostPoints / total);
  }
  return counts;
}

}  // namespace

std::uint32_t ring_hash(std::string_view key) noexcept { return continued(0, key); }

HashRing::HashRing(const std::vector<Node>& nodes) {
  const std::vector<std::uint64_t> counts = counts_of_points(nodes);
  for (std::uint32_t index = 0; index < nodes.size(); ++index) {
    PointChain chain(nodes[index]);
    for (std::uint64_t i = 0; i < counts[index]; ++i) points_.push_back({chain.next(), index});
  }
  std::ranges::sort(points_, {}, [](const Point& point) { return std::pair(point.hash, point.node); });
}

std::size_t HashRing::first_at(std::uint32_t hash) const {
  auto at = std::ranges::lower_bound(points_, hash, {}, &Point::hash);
  return at == points_.end() ? 0 : static_cast<std::size_t>(at - points_.begin());
}

}  // namespace sallyport::upstream
