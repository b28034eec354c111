#pragma once
// Compiles resources into Snapshots. Each change compiles only what it touches; everything else is shared with the last
// Snapshot. The builder belongs to the control thread.

#include "async/task.h"
#include "base/result.h"
#include "json/value.h"
#include "resources/secret.h"
#include "route/router_kind.h"
#include "snapshot/reuse.h"
#include "snapshot/snapshot_ptr.h"
#include "snapshot/unknown_plugins.h"
#include "upstream/forbidden_addresses.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::chain {
class Catalog;
}

namespace sallyport::snapshot {

using async::Task;

// One resource as the stores have it; without a value it is gone. Kinds: "routes", "services", "upstreams",
// "plugin_configs", "global_rules", "ssls", "secrets"; others are taken as known and have no effect.
struct Item {
  std::string kind;
  std::string id;
  std::optional<json::Value> value;
};

// An item that was not taken over; its last good form, if there was one, stays in force.
struct Rejected {
  std::string kind;
  std::string id;
  Error error;
};

// What of the resources of a change has no effect: members as resources::unserved_members words it, plugins that are
// skipped; and certificates that are not valid now. By "routes/1".
using Unserved = std::map<std::string, std::vector<std::string>>;

struct BuilderOptions {
  route::RouterKind router = route::RouterKind::kHostUri;
  UnknownPlugins unknown_plugins = UnknownPlugins::kRefuse;
  upstream::ForbiddenAddresses forbidden;
  resources::SecretLookup secrets;  // never waits
};

struct ResourceSet;

class SnapshotBuilder final {
 public:
  // A change that is compiled and has no effect yet.
  class Change {
   public:
    Change(Change&&) noexcept;
    Change& operator=(Change&&) noexcept;
    ~Change();
    const std::vector<Rejected>& rejected() const noexcept { return rejected_; }
    const Unserved& unserved() const noexcept { return unserved_; }

   private:
    friend class SnapshotBuilder;
    Change();
    std::shared_ptr<const ResourceSet> next_;
    std::uint64_t base_ = 0;  // the revision it was prepared upon
    std::vector<Rejected> rejected_;
    Unserved unserved_;
  };

  // `catalog` outlives the builder. Begins with a Snapshot without resources, revision 0.
  SnapshotBuilder(const chain::Catalog& catalog, BuilderOptions options);
  SnapshotBuilder(const SnapshotBuilder&) = delete;
  SnapshotBuilder& operator=(const SnapshotBuilder&) = delete;
  ~SnapshotBuilder();

  // Compiles one item and what it touches; strict, as the Admin API wants it. Error: kInvalid, for whoever wrote it.
  Task<Result<Change>> prepare(Item item);

  // Compiles many at once (a start, a file that was read again), keeping on over bad ones, which the change names.
  // With Reuse::kNothing the plugins are made anew even where their conf did not change (what they load did).
  Task<Change> prepare_all(std::vector<Item> items, Reuse reuse = Reuse::kSameConf);

  // Compiles items that name plugins whose types are others in `catalog` than in the present one, with those. Whoever
  // commits the change has put `catalog` in the place of the present one.
  Task<Change> prepare_types(const chain::Catalog& catalog, std::vector<Item> items);

  // Whether something of that name is in force, in whatever form. Kinds as of Item, those with plugins.
  bool serves(const std::string& kind, const std::string& id) const;

  // The resources that refer to secrets, as they were written, also those that were rejected.
  std::vector<Item> secret_users() const;

  // Puts a change into force and returns the Snapshot to publish. Error: kConflict when another change was committed
  // since it was prepared; nothing has changed then, prepare it again.
  // What of a resource has no effect is logged here, once for as long as the resource goes on to have it.
  Result<SnapshotPtr> commit(Change change);

  const SnapshotPtr& latest() const noexcept { return latest_; }

 private:
  Task<Change> prepare_with(const chain::Catalog& catalog, std::vector<Item> items, Reuse reuse);

  const chain::Catalog& catalog_;
  BuilderOptions options_;
  std::shared_ptr<const ResourceSet> resources_;  // in force
  SnapshotPtr latest_;
  Unserved warned_of_;
};

}  // namespace sallyport::snapshot
