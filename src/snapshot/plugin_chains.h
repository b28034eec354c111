#pragma once
// The chains of routes: the plugins of a route behind those of the global rules in force. Each is compiled when the
// first exchange asks for it, so that a change of the global rules costs nothing for the routes that stay as they are.
//
// Any worker asks; both kinds of objects are made and freed on the control thread. A chain lives as long as both its
// plugins and its global rules, so that plugins which were taken away do not outlast their last Snapshot.

#include "chain/chain.h"
#include "snapshot/compiled_plugins.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace sallyport::snapshot {

class PluginChains;

// The plugins of all global rules at one moment, in their order.
class Globals final {
 public:
  // `number`, from 1, tells those apart that are served from.
  Globals(std::uint32_t number, std::vector<chain::Link> links) : number_(number), links_(std::move(links)) {}
  Globals(const Globals&) = delete;
  Globals& operator=(const Globals&) = delete;
  ~Globals();

  std::uint32_t number() const noexcept { return number_; }

 private:
  friend class PluginChains;
  using Chains = std::unordered_map<const PluginChains*, std::unique_ptr<const chain::Chain>>;

  const std::uint32_t number_;
  const std::vector<chain::Link> links_;
  mutable std::mutex mutex_;  // of `chains_`, for the first exchange of each route on any worker
  mutable Chains chains_;
};
using GlobalsPtr = std::shared_ptr<const Globals>;

class PluginChains final {
 public:
  explicit PluginChains(CompiledPluginsPtr plugins) : plugins_(std::move(plugins)) {}
  PluginChains(const PluginChains&) = delete;
  PluginChains& operator=(const PluginChains&) = delete;
  ~PluginChains();

  // Valid while both live. The stamp says whose chain `chain_` points to; one that changed meanwhile says nothing.
  const chain::Chain& behind(const GlobalsPtr& globals) const {
    const std::uint64_t stamp = stamp_.load(std::memory_order_acquire);
    const chain::Chain* chain = chain_.load(std::memory_order_acquire);
    const bool is_theirs = static_cast<std::uint32_t>(stamp) == globals->number();
    if (is_theirs && stamp_.load(std::memory_order_relaxed) == stamp) [[likely]]
      return *chain;
    return compile(globals);
  }

 private:
  const chain::Chain& compile(const GlobalsPtr& globals) const;
  void point_to(const chain::Chain& chain, std::uint32_t number) const;

  const CompiledPluginsPtr plugins_;
  mutable std::atomic<std::uint64_t> stamp_ = 0;  // above: how often it was set; below: the number of the Globals, or 0
  mutable std::atomic<const chain::Chain*> chain_ = nullptr;
  mutable std::mutex mutex_;                                // of what follows, and of setting the above
  mutable std::vector<std::weak_ptr<const Globals>> with_;  // that have a chain of these plugins
};

}  // namespace sallyport::snapshot
