#pragma once
// Consistent hashing: nodes lie on a ring at many points, a key belongs to the next one. When a node comes or goes,
// only the keys of its points move. Immutable; the same on every worker and every gateway with the same nodes.
// The points are those of APISIX (its `chash` and the library lua-resty-chash), so that a key has the same node there.

#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::upstream {

struct Node;

// CRC-32 (RFC 1952 8).
std::uint32_t ring_hash(std::string_view key) noexcept;

class HashRing {
 public:
  // Nodes of weight 0 get no point.
  explicit HashRing(const std::vector<Node>& nodes);

  // Calls `visit` with the indexes of nodes in the order of their points from `hash` on, with repetitions, until it
  // returns true or the ring has been gone round.
  template <class Visit>
  void walk(std::uint32_t hash, Visit&& visit) const {
    const std::size_t first = first_at(hash);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (visit(points_[(first + i) % points_.size()].node)) return;
    }
  }

 private:
  struct Point {
    std::uint32_t hash;
    std::uint32_t node;
  };
  std::size_t first_at(std::uint32_t hash) const;

  std::vector<Point> points_;
};

}  // namespace sallyport::upstream
