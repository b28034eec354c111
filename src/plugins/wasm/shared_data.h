#pragma once
// What the plugins of one vm_id keep under keys beyond an exchange and beyond their VMs: the shared data of the ABI.
// Any thread may call anything at any time. Keys are spread over shards with a lock each, held for a look-up at most,
// so that workers seldom meet; limits and the order of use count over all shards.

#include "base/clock.h"
#include "plugins/wasm/state_limits.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::wasm {

class SharedData {
 public:
  struct Value {
    std::shared_ptr<const std::string> text;
    std::uint32_t cas = 0;  // of the write that made it; never 0
  };
  enum class Written : std::uint8_t { kOk, kCasMismatch, kFull };
  struct Usage {
    std::uint64_t bytes = 0;
    std::uint64_t keys = 0;
    std::uint64_t evictions = 0;  // keys that made room for others
    std::uint64_t refusals = 0;   // writes for which there was no room
  };

  // Where a key is missing here, `behind` is read; both outlive it.
  SharedData(const Clock& clock, const SharedDataLimits& limits, SharedData* behind = nullptr);
  SharedData(const SharedData&) = delete;
  SharedData& operator=(const SharedData&) = delete;

  std::optional<Value> get(std::string_view key);
  // With a `cas` other than 0, only if the key is missing or was last written with it. A key loses its time to live.
  Written set(std::string_view key, std::string_view value, std::uint32_t cas);
  // These return false when the key is missing.
  bool remove(std::string_view key);
  bool expire_after(std::string_view key, std::chrono::milliseconds time);  // from now; none: never

  // What is over a new limit goes with the next write.
  void limit(const SharedDataLimits& limits);
  Usage usage() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const std::string> text;
    std::uint64_t written = 0;
    std::uint64_t used = 0;
    SteadyTime expires = SteadyTime::max();
    std::uint64_t bytes() const noexcept { return key.size() + text->size(); }
  };
  using Entries = std::list<Entry>;
  static constexpr std::uint64_t kNothing = std::numeric_limits<std::uint64_t>::max();

  struct alignas(64) Shard {
    std::mutex mutex;
    Entries entries;  // the one used last comes first
    std::unordered_map<std::string_view, Entries::iterator> by_key;
    std::atomic<std::uint64_t> oldest{kNothing};  // `used` of the last entry
    void note_oldest() noexcept { oldest.store(entries.empty() ? kNothing : entries.back().used); }
  };

  Shard& shard_of(std::string_view key);
  // Under the lock of `shard`:
  Entry* find(Shard& shard, std::string_view key);
  void touch(Shard& shard, Entries::iterator entry);
  void erase(Shard& shard, Entries::iterator entry);
  bool reserve(std::uint64_t bytes, std::uint64_t keys);
  bool write(Shard& shard, Entry* entry, std::string_view key, std::shared_ptr<const std::string>& text);

  // Under no lock. False: there is nothing more to give up.
  bool make_room();
  bool evict_oldest();
  bool drop_expired();

  const Clock& clock_;
  SharedData* behind_;
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> max_keys_;
  std::atomic<Eviction> eviction_;
  std::atomic<std::uint64_t> writes_{0};  // numbers the writes; reads take the number of the last one as their time
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> keys_{0};
  std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::uint64_t> refusals_{0};
  std::array<Shard, 16> shards_;
};

}  // namespace sallyport::wasm
