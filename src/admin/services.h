#pragma once
// What the Admin API works on. `app` owns all of it and may replace a part between two requests (under `changes`);
// everything belongs to the control thread.

#include "async/mutex.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "resources/secret.h"
#include "snapshot/snapshot_ptr.h"
#include "source/fetcher.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace sallyport::chain {
class Catalog;
}
namespace sallyport::snapshot {
class SnapshotBuilder;
}
namespace sallyport::source {
class StapleKeeper;
class Watcher;
}  // namespace sallyport::source
namespace sallyport::store {
class Store;
}

namespace sallyport::admin {

class LivePlugins;

using async::Task;

struct Services {
  store::Store* store = nullptr;
  chain::Catalog* catalog = nullptr;
  snapshot::SnapshotBuilder* builder = nullptr;
  const Clock* clock = nullptr;

  // Plugins that are handed in; null: there are none.
  LivePlugins* live = nullptr;

  // Held by whoever changes resources, plugins or the builder: one change at a time.
  async::Mutex* changes = nullptr;

  // Ends when every worker serves the snapshot.
  std::function<Task<void>(snapshot::SnapshotPtr)> publish;

  // What references to secrets stand for. `know_secrets` fetches what is not known yet, and `secrets_changed` is told
  // of every write of a manager. All three, or none.
  resources::SecretLookup secrets;
  std::function<Task<void>(std::vector<std::string> references)> know_secrets;
  std::function<void()> secrets_changed;

  // Fetches the code that a source names, of so many bytes at most.
  std::function<Task<Result<source::Fetched>>(source::Spec, std::size_t most)> fetch;
  // Of plugins with a source; null: nothing is fetched beside requests.
  source::Watcher* watcher = nullptr;
  // What responders say of certificates; null: nobody is asked.
  const source::StapleKeeper* staples = nullptr;

  // What HUP does for plugins; called with `changes` held. Error: shown to who asked.
  std::function<Task<Status>()> reload_plugins;
};

}  // namespace sallyport::admin
