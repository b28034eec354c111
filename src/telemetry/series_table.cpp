#include "telemetry/series_table.h"

#include <cstring>
#include <utility>

namespace sallyport::telemetry {
namespace {

constexpr std::size_t kFirstEntries = 64;

std::uint64_t load(const char* from, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

// Folds the 128-bit product, so that every input bit reaches the low bits that choose the entry.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  auto product = static_cast<unsigned __int128>(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd1b54a32d192ed03u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_text(std::uint64_t seed, std::string_view text) noexcept {
  const char* at = text.data();
  std::size_t left = text.size();
  seed ^= left;
  for (; left > 16; at += 16, left -= 16) seed = mix(seed ^ load(at, 8), load(at + 8, 8));
  if (left >= 8) return mix(seed ^ load(at, 8), load(at + left - 8, 8));
  if (left >= 4) return mix(seed ^ load(at, 4), load(at + left - 4, 4));
  return left == 0 ? mix(seed, 0) : mix(seed ^ static_cast<unsigned char>(at[0]), load(at, left));
}

std::uint64_t hash_of(const SeriesLabels& labels) noexcept {
  std::uint64_t hash = hash_text(1, labels.route);
  hash = hash_text(hash, labels.node);
  hash = hash_text(hash, labels.matched_uri);
  hash = hash_text(hash, labels.matched_host);
  hash = hash_text(hash, labels.service);
  return hash_text(hash, labels.consumer);
}

}  // namespace

void StatusCounts::add(int status, ResponseSource source) {
  const auto key = static_cast<std::uint32_t>(status) << 8 | static_cast<std::uint32_t>(source);
  for (Block* block = &first_;; block = block->next.load(std::memory_order_relaxed)) {
    for (Slot& slot : block->slots) {
      auto present = slot.key.load(std::memory_order_relaxed);
      if (present == key) return slot.count.add();
      if (present != 0) continue;
      slot.count.add();
      return slot.key.store(key, std::memory_order_release);
    }
    if (!block->next.load(std::memory_order_relaxed)) {
      more_.push_back(std::make_unique<Block>());
      block->next.store(more_.back().get(), std::memory_order_release);
    }
  }
}

Series::Series(const SeriesLabels& from)
    : text(new char[from.route.size() + from.matched_uri.size() + from.matched_host.size() + from.service.size() +
                    from.consumer.size() + from.node.size() + 1]) {
  char* to = text.get();
  auto keep = [&to](std::string_view value) {
    std::string_view kept(to, value.copy(to, value.size()));
    to += value.size();
    return kept;
  };
  labels = {.route = keep(from.route),
            .matched_uri = keep(from.matched_uri),
            .matched_host = keep(from.matched_host),
            .service = keep(from.service),
            .consumer = keep(from.consumer),
            .node = keep(from.node)};
}

SeriesTable::SeriesTable(std::size_t most) : most_(most), entries_(kFirstEntries) {}

SeriesTable::~SeriesTable() {
  for (Link* link = newest_.load(); link;) delete std::exchange(link, link->next);
}

Series& SeriesTable::find_or_add(const SeriesLabels& labels) {
  if (!last_ || last_->labels != labels) last_ = &look_up_or_add(labels);
  return *last_;
}

Series& SeriesTable::look_up_or_add(const SeriesLabels& labels) {
  const std::uint64_t hash = hash_of(labels);
  const std::size_t mask = entries_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Entry& entry = entries_[at];
    if (!entry.series) return add(labels, hash);
    if (entry.hash == hash && entry.series->labels == labels) return *entry.series;
  }
}

Series& SeriesTable::add(const SeriesLabels& labels, std::uint64_t hash) {
  if (size_ >= most_) {
    if (!other_) other_ = &publish({.route = "other"});
    return *other_;
  }
  if ((size_ + 1) * 2 > entries_.size()) grow();
  Series& series = publish(labels);
  ++size_;
  const std::size_t mask = entries_.size() - 1;
  std::size_t at = hash & mask;
  while (entries_[at].series) at = (at + 1) & mask;
  entries_[at] = {hash, &series};
  return series;
}

Series& SeriesTable::publish(const SeriesLabels& labels) {
  auto* link = new Link(labels);
  link->next = newest_.load(std::memory_order_relaxed);
  newest_.store(link, std::memory_order_release);
  return link->series;
}

void SeriesTable::grow() {
  std::vector<Entry> old(entries_.size() * 2);
  old.swap(entries_);
  const std::size_t mask = entries_.size() - 1;
  for (const Entry& entry : old) {
    if (!entry.series) continue;
    std::size_t at = entry.hash & mask;
    while (entries_[at].series) at = (at + 1) & mask;
    entries_[at] = entry;
  }
}

}  // namespace sallyport::telemetry
