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

PathTable PathTable::with(const RouteEntryPtr& entry) const {
  PathTable table = *this;
  for (const PathPattern& path : entry->rule->paths()) {
    const Bucket* present = table.bucket_of(path);
    auto bucket = present ? std::make_shared<Bucket>(*present) : std::make_shared<Bucket>();
    Candidate candidate{entry, &path};
    bucket->insert(std::ranges::upper_bound(*bucket, candidate, goes_before), candidate);
    table.put(path, std::move(bucket));
  }
  return table;
}

PathTable PathTable::without(const RouteEntryPtr& entry) const {
  PathTable table = *this;
  for (const PathPattern& path : entry->rule->paths()) {
    const Bucket* present = table.bucket_of(path);
    if (!present) continue;
    auto bucket = std::make_shared<Bucket>(*present);
    std::erase_if(*bucket, [&](const Candidate& candidate) { return candidate.entry == entry; });
    table.put(path, bucket->empty() ? nullptr : std::move(bucket));
  }
  return table;
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

void PathTable::put(const PathPattern& path, std::shared_ptr<const Bucket> bucket) {
  if (path.is_literal()) {
    literals_ = literals_.with(path.key(), std::move(bucket));
  } else {
    prefixes_ = prefixes_.with(path.key(), std::move(bucket));
  }
}

const PathTable::Bucket* PathTable::bucket_of(const PathPattern& path) const {
  return path.is_literal() ? literals_.find(path.key()) : prefixes_.find(path.key());
}

}  // namespace sallyport::route
