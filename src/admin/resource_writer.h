#pragma once
// Carries out a change of one resource: compiled first, then durable in the store, then served by every worker. Only
// then does it return. What cannot be compiled is not stored; what cannot be stored is not served.
// Whoever calls it holds Services::changes, from the reading that led to the change on.

#include "admin/services.h"
#include "json/value.h"
#include "snapshot/snapshot_builder.h"
#include "store/store.h"

#include <optional>

namespace sallyport::admin {

class ResourceWriter {
 public:
  explicit ResourceWriter(Services& services) : services_(services) {}

  // With an `end` it lasts until then. Error: kInvalid when the gateway cannot serve the value; kConflict and
  // kUnavailable of the store.
  Task<Result<store::EntryPtr>> put(store::Key key, json::Value value, store::Expected expected,
                                    std::optional<WallTime> end);
  Task<Status> remove(store::Key key);

 private:
  Task<Status> serve(snapshot::Item item, snapshot::SnapshotBuilder::Change change);

  Services& services_;
};

}  // namespace sallyport::admin
