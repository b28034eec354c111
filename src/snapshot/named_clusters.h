#pragma once
// The clusters of the upstreams that are resources, by id and by name. A copy shares everything with the original; a
// change of one leaves the other as it is.

#include "route/hash_trie.h"
#include "upstream/cluster.h"

#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace sallyport::snapshot {

class NamedClusters final {
 public:
  // Null takes it out.
  void set(const std::string& id, upstream::ClusterPtr cluster);
  // Null when there is none of that id.
  upstream::ClusterPtr share(std::string_view id) const { return clusters_.share(id); }
  // Of that id, else of that name; of several, the one with the least id. Null: none.
  upstream::ClusterPtr find(std::string_view id_or_name) const;

 private:
  using Ids = std::set<std::string>;

  route::HashTrie<upstream::Cluster> clusters_;
  route::HashTrie<Ids> ids_of_names_;
};

}  // namespace sallyport::snapshot
