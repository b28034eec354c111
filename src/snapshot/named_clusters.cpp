#include "snapshot/named_clusters.h"

#include <utility>

namespace sallyport::snapshot {

void NamedClusters::set(const std::string& id, upstream::ClusterPtr cluster) {
  const upstream::ClusterPtr before = clusters_.share(id);
  const std::string old_name = before ? before->name() : "";
  const std::string new_name = cluster ? cluster->name() : "";
  clusters_.set(id, std::move(cluster));
  if (old_name == new_name) return;
  if (!old_name.empty()) {
    Ids* ids = ids_of_names_.edit(old_name);
    ids->erase(id);
    if (ids->empty()) ids_of_names_.set(old_name, nullptr);
  }
  if (new_name.empty()) return;
  if (!ids_of_names_.find(new_name)) ids_of_names_.set(new_name, std::make_shared<Ids>());
  ids_of_names_.edit(new_name)->insert(id);
}

upstream::ClusterPtr NamedClusters::find(std::string_view id_or_name) const {
  if (upstream::ClusterPtr cluster = clusters_.share(id_or_name)) return cluster;
  const Ids* ids = ids_of_names_.find(id_or_name);
  return ids ? clusters_.share(*ids->begin()) : nullptr;
}

}  // namespace sallyport::snapshot
