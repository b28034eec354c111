#include "plugins/wasm/vm_tally.h"

#include "plugins/wasm/metric_families.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace sallyport::wasm {
namespace {

// As in TrapKind.
constexpr std::array<std::string_view, 6> kReasons{"unreachable", "memory", "stack", "time", "host", "other"};

void append_head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(text), "# HELP sallyport_wasm_{0} {1}\n# TYPE sallyport_wasm_{0} {2}\n", name, help,
                 type);
}

template <class Count>
void append_by_vm(std::string& text, std::string_view name, const std::map<std::string, Count, std::less<>>& counts) {
  for (const auto& [vm_id, count] : counts) {
    fmt::format_to(std::back_inserter(text), "sallyport_wasm_{}{{plugin=\"{}\"}} {}\n", name, label_value(vm_id),
                   count);
  }
}

}  // namespace

void VmTally::trapped(std::string_view plugin, std::string_view callback, TrapKind kind) {
  TrapKey key{std::string(plugin), std::string(callback), kind};
  std::lock_guard lock(mutex_);
  if (traps_.size() >= kMostSeries && !traps_.contains(key)) std::get<0>(key) = kOthers;
  ++traps_[std::move(key)];
}

void VmTally::restarted(std::string_view vm_id) {
  std::lock_guard lock(mutex_);
  bool fits = restarts_.size() < kMostSeries || restarts_.contains(vm_id);
  ++restarts_[std::string(fits ? vm_id : kOthers)];
}

void VmTally::optimised() {
  std::lock_guard lock(mutex_);
  ++optimised_;
}

void VmTally::count_live(std::string_view vm_id, std::int64_t change) {
  std::lock_guard lock(mutex_);
  auto [found, is_new] = live_.try_emplace(std::string(vm_id));
  found->second += change;
  if (found->second == 0) live_.erase(found);
}

void VmTally::append_to(std::string& text) const {
  std::lock_guard lock(mutex_);
  if (!traps_.empty()) append_head(text, "traps_total", "counter", "Traps of plugins, by the callback and the reason");
  for (const auto& [key, count] : traps_) {
    const auto& [plugin, callback, kind] = key;
    fmt::format_to(std::back_inserter(text),
                   "sallyport_wasm_traps_total{{plugin=\"{}\",callback=\"{}\",reason=\"{}\"}} {}\n",
                   label_value(plugin), callback, kReasons[static_cast<std::size_t>(kind)], count);
  }
  if (!restarts_.empty())
    append_head(text, "vm_restarts_total", "counter", "VMs that took the place of one that failed");
  append_by_vm(text, "vm_restarts_total", restarts_);
  if (optimised_ > 0) {
    append_head(text, "modules_optimised_total", "counter", "Modules whose first code made room for the optimised one");
    fmt::format_to(std::back_inserter(text), "sallyport_wasm_modules_optimised_total {}\n", optimised_);
  }
  if (!live_.empty()) append_head(text, "vms", "gauge", "VMs that can be entered");
  append_by_vm(text, "vms", live_);
}

}  // namespace sallyport::wasm
