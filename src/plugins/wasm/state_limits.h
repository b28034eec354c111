#pragma once
// How much plugins may keep in the gateway beyond their VMs. Plain values.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sallyport::wasm {

enum class Eviction : std::uint8_t { kNone, kLeastRecentlyUsed };

struct SharedDataLimits {               // of one vm_id
  std::uint64_t max_bytes = 16u << 20;  // keys and values together
  std::uint64_t max_keys = 100'000;
  Eviction eviction = Eviction::kLeastRecentlyUsed;  // what makes room once a limit is reached
  friend bool operator==(const SharedDataLimits&, const SharedDataLimits&) = default;
};

struct SharedQueueLimits {  // of all queues of one vm_id together
  std::uint64_t max_bytes = 16u << 20;
  std::uint64_t max_items = 10'000;
  friend bool operator==(const SharedQueueLimits&, const SharedQueueLimits&) = default;
};

struct SharedStateLimits {
  SharedDataLimits data;
  SharedQueueLimits queues;
  std::uint64_t max_metrics = 1000;                                  // of one vm_id
  std::map<std::string, std::uint64_t, std::less<>> max_metrics_of;  // by vm_id, where it differs
  std::uint64_t metrics_of(std::string_view vm_id) const {
    auto own = max_metrics_of.find(vm_id);
    return own == max_metrics_of.end() ? max_metrics : own->second;
  }
  friend bool operator==(const SharedStateLimits&, const SharedStateLimits&) = default;
};

}  // namespace sallyport::wasm
