#include "plugins/wasm/shared_data.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace sallyport::wasm {
namespace {

// Guests know a write by 32 bits, of which 0 means none.
std::uint32_t cas_of(std::uint64_t write) { return static_cast<std::uint32_t>((write - 1) % 0xffff'ffffu) + 1; }

constexpr std::chrono::milliseconds kLongestLife = std::chrono::hours(24 * 365);

}  // namespace

SharedData::SharedData(const Clock& clock, const SharedDataLimits& limits, SharedData* behind)
    : clock_(clock),
      behind_(behind),
      max_bytes_(limits.max_bytes),
      max_keys_(limits.max_keys),
      eviction_(limits.eviction) {}

void SharedData::limit(const SharedDataLimits& limits) {
  max_bytes_ = limits.max_bytes;
  max_keys_ = limits.max_keys;
  eviction_ = limits.eviction;
}

SharedData::Usage SharedData::usage() const { return {bytes_, keys_, evictions_, refusals_}; }

SharedData::Shard& SharedData::shard_of(std::string_view key) {
  static_assert(std::tuple_size_v<decltype(shards_)> == 16);
  return shards_[std::hash<std::string_view>()(key) >> 60];  // the map uses the lower bits
}

SharedData::Entry* SharedData::find(Shard& shard, std::string_view key) {
  auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return nullptr;
  Entries::iterator entry = found->second;
  if (entry->expires == SteadyTime::max() || clock_.steady() < entry->expires) {
    touch(shard, entry);
    return &*entry;
  }
  erase(shard, entry);
  return nullptr;
}

void SharedData::touch(Shard& shard, Entries::iterator entry) {
  entry->used = writes_.load(std::memory_order_relaxed);
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  shard.note_oldest();
}

void SharedData::erase(Shard& shard, Entries::iterator entry) {
  bytes_ -= entry->bytes();
  --keys_;
  shard.by_key.erase(entry->key);
  shard.entries.erase(entry);
  shard.note_oldest();
}

std::optional<SharedData::Value> SharedData::get(std::string_view key) {
  Shard& shard = shard_of(key);
  {
    std::lock_guard lock(shard.mutex);
    if (const Entry* entry = find(shard, key)) return Value{entry->text, cas_of(entry->written)};
  }
  return behind_ ? behind_->get(key) : std::nullopt;
}

SharedData::Written SharedData::set(std::string_view key, std::string_view value, std::uint32_t cas) {
  auto text = std::make_shared<const std::string>(value);
  Shard& shard = shard_of(key);
  bool fits_at_all = key.size() + value.size() <= max_bytes_ && max_keys_ > 0;
  for (;;) {
    {
      std::lock_guard lock(shard.mutex);
      Entry* entry = find(shard, key);
      if (cas != 0 && entry && cas_of(entry->written) != cas) return Written::kCasMismatch;
      if (fits_at_all && write(shard, entry, key, text)) return Written::kOk;
    }
    if (!fits_at_all || !make_room()) {
      ++refusals_;
      return Written::kFull;
    }
  }
}

// What it replaces is freed by the caller, after the lock.
bool SharedData::write(Shard& shard, Entry* entry, std::string_view key, std::shared_ptr<const std::string>& text) {
  std::uint64_t before = entry ? entry->text->size() : 0;
  std::uint64_t after = text->size() + (entry ? 0 : key.size());
  if (after > before && !reserve(after - before, entry ? 0 : 1)) return false;
  if (after <= before) {
    if (!entry && !reserve(0, 1)) return false;
    bytes_ -= before - after;
  }
  if (!entry) {
    shard.entries.emplace_front().key = key;
    shard.by_key.emplace(shard.entries.front().key, shard.entries.begin());
    entry = &shard.entries.front();
  }
  std::swap(entry->text, text);
  entry->expires = SteadyTime::max();
  entry->written = entry->used = ++writes_;
  shard.note_oldest();
  return true;
}

// Takes room if it is there.
bool SharedData::reserve(std::uint64_t bytes, std::uint64_t keys) {
  auto take = [](std::atomic<std::uint64_t>& used, std::uint64_t amount, std::uint64_t most) {
    std::uint64_t now = used;
    do {
      if (now + amount > most) return false;
    } while (!used.compare_exchange_weak(now, now + amount));
    return true;
  };
  if (keys > 0 && !take(keys_, keys, max_keys_)) return false;
  if (take(bytes_, bytes, max_bytes_)) return true;
  keys_ -= keys;
  return false;
}

bool SharedData::make_room() { return eviction_ == Eviction::kLeastRecentlyUsed ? evict_oldest() : drop_expired(); }

bool SharedData::evict_oldest() {
  Shard& shard = *std::ranges::min_element(shards_, {}, [](const Shard& one) { return one.oldest.load(); });
  std::lock_guard lock(shard.mutex);
  if (shard.entries.empty()) return keys_ > 0;  // another thread was faster
  erase(shard, std::prev(shard.entries.end()));
  ++evictions_;
  return true;
}

bool SharedData::drop_expired() {
  bool dropped = false;
  SteadyTime now = clock_.steady();
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    for (auto entry = shard.entries.begin(); entry != shard.entries.end();) {
      auto next = std::next(entry);
      if (entry->expires <= now) {
        erase(shard, entry);
        dropped = true;
      }
      entry = next;
    }
  }
  return dropped;
}

bool SharedData::remove(std::string_view key) {
  Shard& shard = shard_of(key);
  {
    std::lock_guard lock(shard.mutex);
    if (find(shard, key)) {
      erase(shard, shard.entries.begin());
      return true;
    }
  }
  return behind_ && behind_->get(key);
}

bool SharedData::expire_after(std::string_view key, std::chrono::milliseconds time) {
  Shard& shard = shard_of(key);
  {
    std::lock_guard lock(shard.mutex);
    if (Entry* entry = find(shard, key)) {
      bool is_for_ever = time <= time.zero();
      entry->expires = is_for_ever ? SteadyTime::max() : clock_.steady() + std::min(time, kLongestLife);
      return true;
    }
  }
  return behind_ && behind_->get(key);
}

}  // namespace sallyport::wasm
