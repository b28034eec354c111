#pragma once
// The routes of one host (or of any host) by path. Literal paths are tried first, then patterns from the longest prefix
// to the shortest; among routes with the same literal path or prefix the higher priority goes first, then the longer
// pattern, then the older route. Immutable.

#include "route/hash_trie.h"
#include "route/prefix_tree.h"
#include "route/route_rule.h"

#include <vector>

namespace sallyport::route {

// One path of one route.
struct Candidate {
  RouteEntryPtr entry;
  const PathPattern* path;  // of the entry's rule
};

class PathTable {
 public:
  bool empty() const noexcept { return literals_.empty() && prefixes_.empty(); }
  [[nodiscard]] PathTable with(const RouteEntryPtr& entry) const;
  [[nodiscard]] PathTable without(const RouteEntryPtr& entry) const;

  // The first candidate that accepts the request, or null.
  const Candidate* match(Inquiry& inquiry) const;

 private:
  using Bucket = std::vector<Candidate>;

  void put(const PathPattern& path, std::shared_ptr<const Bucket> bucket);
  const Bucket* bucket_of(const PathPattern& path) const;

  HashTrie<Bucket> literals_;
  PrefixTree<Bucket> prefixes_;
};

}  // namespace sallyport::route
