#pragma once
// A Snapshot for whoever only passes it on.

#include <memory>

namespace sallyport::snapshot {

class Snapshot;
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace sallyport::snapshot
