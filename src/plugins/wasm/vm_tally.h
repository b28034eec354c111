#pragma once
// What became of VMs, for Prometheus: how they trapped, how often they were made anew, how many there are. Any thread
// may call anything; only failures and starts do.

#include "plugins/wasm/engine.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

namespace sallyport::wasm {

class VmTally {
 public:
  // Names of plugins come from whoever writes routes: beyond so many series the rest is counted as that of kOthers.
  static constexpr std::size_t kMostSeries = 2000;
  static constexpr std::string_view kOthers = "(others)";

  VmTally() = default;
  VmTally(const VmTally&) = delete;
  VmTally& operator=(const VmTally&) = delete;

  // `callback`: its name, or that of the start function; of a fixed set.
  void trapped(std::string_view plugin, std::string_view callback, TrapKind kind);
  void restarted(std::string_view vm_id);
  // The optimised code of a module has taken the place of that of the first tier.
  void optimised();
  void began(std::string_view vm_id) { count_live(vm_id, 1); }
  void ended(std::string_view vm_id) { count_live(vm_id, -1); }

  // In Prometheus' text format.
  void append_to(std::string& text) const;

 private:
  using TrapKey = std::tuple<std::string, std::string, TrapKind>;
  void count_live(std::string_view vm_id, std::int64_t change);

  mutable std::mutex mutex_;
  std::uint64_t optimised_ = 0;
  std::map<TrapKey, std::uint64_t> traps_;
  std::map<std::string, std::uint64_t, std::less<>> restarts_;
  std::map<std::string, std::int64_t, std::less<>> live_;
};

// A Vm as long as it can be entered.
class LiveVm {
 public:
  LiveVm(VmTally& tally, std::string_view vm_id) : tally_(&tally), vm_id_(vm_id) { tally.began(vm_id); }
  LiveVm(const LiveVm&) = delete;
  LiveVm& operator=(const LiveVm&) = delete;
  ~LiveVm() { end(); }

  void end() {
    if (tally_) tally_->ended(vm_id_);
    tally_ = nullptr;
  }

 private:
  VmTally* tally_;
  std::string vm_id_;
};

}  // namespace sallyport::wasm
