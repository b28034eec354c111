#pragma once
// The routes of one host (or of any host) by path. Literal paths are tried first, then patterns from the longest prefix
// to the shortest; among routes with the same literal path or prefix the higher priority goes first, then the longer
// pattern, then the older route. A copy shares what does not
// change.

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
  void put(const RouteEntryPtr& entry);
  void take_out(const RouteEntryPtr& entry);
  // `now`, of the same rule and order, in the place of `before`.
  void replace(const RouteEntryPtr& before, const RouteEntryPtr& now);

  // The first candidate that accepts the request, or null.
  const Candidate* match(Inquiry& inquiry) const;

 private:
  using Bucket = std::vector<Candidate>;

  void set(const PathPattern& path, std::shared_ptr<const Bucket> bucket);
  Bucket* edit(const PathPattern& path);

  HashTrie<Bucket> literals_;
  PrefixTree<Bucket> prefixes_;
};

}  // namespace sallyport::route
