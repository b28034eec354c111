#include "route/path_table.h"

#include <algorithm>
#include <memory>

namespace sallyport::route {
namespace {

bool goes_before(const Candidate& a, const Candidate& b) {
  const std::int64_t one = a.entry->rule->priority(), other = b.entry->rule->priority();
  if (one != other) return one > other;
  const std::size_t length = a.path->text().size(), other_length = b.path->text().size();
  if (length != other_length) return length > other_length;
  return a.entry->order < b.entry->order;
}

}  // namespace

void PathTable::put(const RouteEntryPtr& entry) {
  for (const PathPattern& path : entry->rule->paths()) {
    Candidate candidate{entry, &path};
    if (Bucket* bucket = edit(path)) {
      bucket->insert(std::ranges::upper_bound(*bucket, candidate, goes_before), candidate);
    } else {
      set(path, std::make_shared<Bucket>(1, candidate));
    }
  }
}

void PathTable::take_out(const RouteEntryPtr& entry) {
  for (const PathPattern& path : entry->rule->paths()) {
    Bucket* bucket = edit(path);
    if (!bucket) continue;
    std::erase_if(*bucket, [&](const Candidate& candidate) { return candidate.entry == entry; });
    if (bucket->empty()) set(path, nullptr);
  }
}

void PathTable::replace(const RouteEntryPtr& before, const RouteEntryPtr& now) {
  for (const PathPattern& path : before->rule->paths()) {
    for (Candidate& candidate : *edit(path)) {
      if (candidate.entry == before) candidate.entry = now;
    }
  }
}

const Candidate* PathTable::match(Inquiry& inquiry) const {
  const std::string_view path = inquiry.exchange().uri;
  if (const Bucket* bucket = literals_.find(path)) {
    for (const Candidate& candidate : *bucket) {
      if (candidate.entry->rule->accepts(inquiry)) return &candidate;
    }
  }
  const Candidate* found = nullptr;
  prefixes_.visit_longest_first(path, [&](const Bucket& bucket) {
    for (const Candidate& candidate : bucket) {
      if (!candidate.entry->rule->accepts(inquiry) || !candidate.path->matches(path)) continue;
      found = &candidate;
      return true;
    }
    return false;
  });
  return found;
}

void PathTable::set(const PathPattern& path, std::shared_ptr<const Bucket> bucket) {
  if (path.is_literal()) {
    literals_.set(path.key(), std::move(bucket));
  } else {
    prefixes_.set(path.key(), std::move(bucket));
  }
}

PathTable::Bucket* PathTable::edit(const PathPattern& path) {
  return path.is_literal() ? literals_.edit(path.key()) : prefixes_.edit(path.key());
}

}  // namespace sallyport::route
