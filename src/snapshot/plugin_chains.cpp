#include "snapshot/plugin_chains.h"

#include <utility>

namespace sallyport::snapshot {

Globals::~Globals() = default;

// Nobody asks for these chains any more: what leads here is gone from every Snapshot.
PluginChains::~PluginChains() {
  for (const auto& each : with_) {
    GlobalsPtr globals = each.lock();
    if (!globals) continue;
    std::lock_guard lock(globals->mutex_);
    globals->chains_.erase(this);
  }
}

const chain::Chain& PluginChains::compile(const GlobalsPtr& globals) const {
  std::lock_guard own_lock(mutex_);
  const chain::Chain* chain = nullptr;
  {
    std::lock_guard lock(globals->mutex_);
    std::unique_ptr<const chain::Chain>& kept = globals->chains_[this];
    if (!kept) {
      kept = std::make_unique<const chain::Chain>(globals->links_, links_of(*plugins_));
      std::erase_if(with_, [](const auto& each) { return each.expired(); });
      with_.emplace_back(globals);
    }
    chain = kept.get();
  }
  point_to(*chain, globals->number_);
  return *chain;
}

// In between the stamp belongs to nobody, so that no reader takes one half of the former and one of this.
void PluginChains::point_to(const chain::Chain& chain, std::uint32_t number) const {
  const std::uint64_t turn = ((stamp_.load(std::memory_order_relaxed) >> 32) + 1) << 32;
  stamp_.store(turn, std::memory_order_relaxed);
  chain_.store(&chain, std::memory_order_release);
  stamp_.store(turn | number, std::memory_order_release);
}

}  // namespace sallyport::snapshot
