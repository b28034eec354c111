#include "snapshot/snapshot_builder.h"

#include "base/log.h"
#include "chain/catalog.h"
#include "json/misspelt.h"
#include "resources/kinds.h"
#include "resources/plugin_confs.h"
#include "resources/unserved.h"
#include "snapshot/preparation.h"
#include "snapshot/resource_set.h"
#include "snapshot/snapshot.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sallyport::snapshot {
namespace {

SnapshotPtr snapshot_of(const ResourceSet& set, std::uint64_t revision) {
  return std::make_shared<const Snapshot>(revision, set.table, set.no_route, set.globals, set.upstreams,
                                          set.server_names, set.client_identities, set.checked);
}

// What is wrong with another resource than the one that was written says which.
Error error_for(const Item& item, Rejected rejected) {
  if (rejected.kind == item.kind && rejected.id == item.id) return std::move(rejected.error);
  rejected.error.what.insert(0, rejected.kind + "/" + rejected.id + ": ");
  return std::move(rejected.error);
}

// Names each plugin that `catalog` does not have.
void add_skipped(std::vector<std::string>& members, const resources::PluginConfs& confs,
                 const chain::Catalog& catalog) {
  for (const resources::PluginConf& conf : confs) {
    if (catalog.find(conf.name)) continue;
    members.push_back("unknown plugin [" + conf.name +
                      "] is skipped; add it to `plugins` in the settings, or take it away");
  }
}

// Names each member of the plugins' confs that is most likely misspelt: plugins accept what they do not know.
void add_misspelt(std::vector<std::string>& members, const resources::PluginConfs& confs,
                  const chain::Catalog& catalog) {
  for (const resources::PluginConf& conf : confs) {
    const json::Schema* schema = catalog.schema(conf.name);
    if (!schema) continue;
    for (const std::string& member : json::misspelt_members(schema->source(), conf.conf)) {
      members.push_back("plugins." + conf.name + "." + member);
    }
  }
}

// Also nothing, of an item that had something before. What is not in `catalog` is skipped or, where not, rejected.
Unserved unserved_of(const std::vector<Item>& items, const Unserved& before, const chain::Catalog& catalog,
                     bool skips) {
  Unserved unserved;
  for (const Item& item : items) {
    const resources::KindInfo* info = resources::find_kind(item.kind);
    std::vector<std::string> members;
    if (info && item.value) {
      members = resources::unserved_members(info->kind, *item.value);
      if (auto confs = resources::plugin_confs_from(*item.value)) {
        if (skips) add_skipped(members, *confs, catalog);
        add_misspelt(members, *confs, catalog);
      }
    }
    std::string resource = item.kind + "/" + item.id;
    if (!members.empty() || before.contains(resource)) unserved.insert_or_assign(resource, std::move(members));
  }
  return unserved;
}

// Logs what `warned_of` does not have yet, and puts it there.
void warn(const Unserved& unserved, Unserved& warned_of) {
  for (const auto& [resource, members] : unserved) {
    std::vector<std::string>& known = warned_of[resource];
    for (const std::string& member : members) {
      if (std::ranges::find(known, member) == known.end()) log::warn("{}: {}", resource, member);
    }
    known = members;
    if (known.empty()) warned_of.erase(resource);
  }
}

}  // namespace

SnapshotBuilder::Change::Change() = default;
SnapshotBuilder::Change::Change(Change&&) noexcept = default;
SnapshotBuilder::Change& SnapshotBuilder::Change::operator=(Change&&) noexcept = default;
SnapshotBuilder::Change::~Change() = default;

SnapshotBuilder::SnapshotBuilder(const chain::Catalog& catalog, BuilderOptions options)
    : catalog_(catalog), options_(std::move(options)) {
  auto set = std::make_shared<ResourceSet>(options_.router);
  set->renew_globals();
  set->renew_certificates();
  latest_ = snapshot_of(*set, 0);
  resources_ = std::move(set);
}

SnapshotBuilder::~SnapshotBuilder() = default;

Task<Result<SnapshotBuilder::Change>> SnapshotBuilder::prepare(Item item) {
  const Item written{item.kind, item.id, std::nullopt};
  std::vector<Item> items;
  items.push_back(std::move(item));
  Change change = co_await prepare_all(std::move(items));
  if (!change.rejected_.empty()) co_return fail(error_for(written, std::move(change.rejected_.front())));
  co_return std::move(change);
}

Task<SnapshotBuilder::Change> SnapshotBuilder::prepare_all(std::vector<Item> items, Reuse reuse) {
  return prepare_with(catalog_, std::move(items), reuse);
}

Task<SnapshotBuilder::Change> SnapshotBuilder::prepare_types(const chain::Catalog& catalog, std::vector<Item> items) {
  return prepare_with(catalog, std::move(items), Reuse::kSameType);
}

Task<SnapshotBuilder::Change> SnapshotBuilder::prepare_with(const chain::Catalog& catalog, std::vector<Item> items,
                                                            Reuse reuse) {
  const std::shared_ptr<const ResourceSet> base = resources_;
  const std::uint64_t revision = latest_->revision();
  const CompileContext context{catalog, options_.forbidden,       options_.router,
                               reuse,   options_.unknown_plugins, options_.secrets};
  const bool skips = options_.unknown_plugins == UnknownPlugins::kSkip;
  Unserved unserved = unserved_of(items, warned_of_, catalog, skips);
  Preparation preparation(context, *base);
  co_await preparation.run(std::move(items));

  Change change;
  change.base_ = revision;
  change.rejected_ = std::move(preparation.rejected());
  change.unserved_ = std::move(unserved);
  for (auto& [resource, warnings] : preparation.warnings()) {
    std::ranges::move(warnings, std::back_inserter(change.unserved_[resource]));
  }
  for (const Rejected& rejected : change.rejected_) change.unserved_.erase(rejected.kind + "/" + rejected.id);
  change.next_ = std::make_shared<const ResourceSet>(std::move(preparation.set()));
  co_return std::move(change);
}

bool SnapshotBuilder::serves(const std::string& kind, const std::string& id) const {
  const resources::KindInfo* info = resources::find_kind(kind);
  if (!info) return false;
  switch (info->kind) {
    case resources::Kind::kRoute:
      return resources_->routes.find(id) != nullptr;
    case resources::Kind::kService:
      return resources_->services.find(id) != nullptr;
    case resources::Kind::kPluginConfig:
      return resources_->plugin_configs.find(id) != nullptr;
    case resources::Kind::kGlobalRule:
      return resources_->global_rules.contains(id);
    case resources::Kind::kUpstream:
      return resources_->upstreams.share(id) != nullptr;
    case resources::Kind::kSsl:
      return resources_->ssls.contains(id);
    case resources::Kind::kSecret:
      return false;
  }
  return false;
}

std::vector<Item> SnapshotBuilder::secret_users() const {
  std::vector<Item> items;
  items.reserve(resources_->secret_users.size());
  for (const auto& [key, value] : resources_->secret_users) items.push_back({key.first, key.second, *value});
  return items;
}

Result<SnapshotPtr> SnapshotBuilder::commit(Change change) {
  if (change.base_ != latest_->revision()) {
    return fail(ErrorCode::kConflict, "another change came into force meanwhile; prepare this one again");
  }
  warn(change.unserved_, warned_of_);
  resources_ = std::move(change.next_);
  latest_ = snapshot_of(*resources_, latest_->revision() + 1);
  return latest_;
}

}  // namespace sallyport::snapshot
