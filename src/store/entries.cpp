#include "store/entries.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::store {
namespace {

void sort_oldest_first(std::vector<EntryPtr>::iterator begin, std::vector<EntryPtr>::iterator end) {
  std::sort(begin, end, [](const EntryPtr& a, const EntryPtr& b) { return a->created_index < b->created_index; });
}

}  // namespace

EntryPtr Entries::find(const Key& key) const {
  auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second;
}

std::vector<EntryPtr> Entries::of_kind(const std::string& kind) const {
  std::vector<EntryPtr> found;
  for (auto at = entries_.lower_bound(Key{kind, ""}); at != entries_.end() && at->first.kind == kind; ++at) {
    found.push_back(at->second);
  }
  sort_oldest_first(found.begin(), found.end());
  return found;
}

std::vector<EntryPtr> Entries::all() const {
  std::vector<EntryPtr> found;
  found.reserve(entries_.size());
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto first_of_kind = static_cast<std::ptrdiff_t>(found.size());
    const std::string& kind = at->first.kind;
    for (; at != entries_.end() && at->first.kind == kind; ++at) found.push_back(at->second);
    sort_oldest_first(found.begin() + first_of_kind, found.end());
  }
  return found;
}

void Entries::put(EntryPtr entry) {
  Key key = entry->key;
  entries_.insert_or_assign(std::move(key), std::move(entry));
}

bool Entries::erase(const Key& key) { return entries_.erase(key) > 0; }

Status Entries::check(const Key& key, Expected expected) const {
  EntryPtr entry = find(key);
  std::uint64_t found = entry ? entry->modified_index : kAbsent;
  if (!expected || *expected == found) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("{}/{}: value changed before overwritten (expected revision {}, found {})", key.kind, key.id,
                          *expected, found));
}

std::vector<Change> Entries::difference(const Entries& before, const Entries& after) {
  std::vector<Change> changes;
  for (const auto& [key, entry] : before.entries_) {
    if (!after.entries_.contains(key)) changes.push_back(Change{key, nullptr});
  }
  for (const EntryPtr& entry : after.all()) {
    EntryPtr old = before.find(entry->key);
    if (!old || old->value != entry->value) changes.push_back(Change{entry->key, entry});
  }
  return changes;
}

}  // namespace sallyport::store
