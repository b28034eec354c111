#pragma once
// The entries of a store in memory, by key. Every store keeps its own, so that reading never waits for a disk.
// An Entries belongs to the thread of its store.

#include "store/store.h"

#include <map>
#include <vector>

namespace sallyport::store {

class Entries {
 public:
  EntryPtr find(const Key& key) const;                           // null when absent
  std::vector<EntryPtr> of_kind(const std::string& kind) const;  // oldest first
  std::vector<EntryPtr> all() const;                             // by kind, oldest first

  void put(EntryPtr entry);
  bool erase(const Key& key);
  void clear() { entries_.clear(); }

  // Error: kConflict, naming the key and both revisions.
  Status check(const Key& key, Expected expected) const;

  // What must happen to `before` to make it `after`; an entry counts as changed when its value did.
  static std::vector<Change> difference(const Entries& before, const Entries& after);

 private:
  std::map<Key, EntryPtr> entries_;
};

}  // namespace sallyport::store
