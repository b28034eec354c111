#pragma once
// What outlives the VMs of plugins and is common to all workers, by vm_id. Made once for the process; one more is made
// for each trial of a conf, reads the common one and is thrown away with what was written. Any thread may use it.

#include "base/clock.h"
#include "plugins/wasm/call_counts.h"
#include "plugins/wasm/instance_counts.h"
#include "plugins/wasm/metric_pace.h"
#include "plugins/wasm/plugin_metrics.h"
#include "plugins/wasm/shared_data.h"
#include "plugins/wasm/shared_queues.h"
#include "plugins/wasm/state_limits.h"
#include "plugins/wasm/vm_tally.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sallyport::wasm {

// The part of one vm_id.
struct PluginState {
  PluginState(const Clock& clock, const SharedStateLimits& limits, std::string_view vm_id, std::size_t lanes,
              PluginState* behind)
      : data(clock, limits.data, behind ? &behind->data : nullptr),
        metrics(limits.metrics_of(vm_id), lanes),
        metric_pace(lanes) {}

  SharedData data;
  PluginMetrics metrics;
  MetricPace metric_pace;
  CallCounts calls;
  InstanceCounts instances;
};

class SharedState {
 public:
  // `clock` outlives it. `threads`: how many run plugins.
  SharedState(const Clock& clock, const SharedStateLimits& limits, std::size_t threads)
      : clock_(clock), threads_(threads), queues_(limits.queues), limits_(limits) {}
  // For a trial.
  explicit SharedState(std::shared_ptr<SharedState> behind);
  SharedState(const SharedState&) = delete;
  SharedState& operator=(const SharedState&) = delete;

  // Lives as long as the SharedState.
  PluginState& of(std::string_view vm_id);
  SharedQueues& queues() noexcept { return queues_; }
  const SharedQueues& queues() const noexcept { return queues_; }
  VmTally& tally() noexcept { return tally_; }
  const VmTally& tally() const noexcept { return tally_; }
  void limit(const SharedStateLimits& limits);

  template <class Visit>  // (const std::string& vm_id, const PluginState&), by name
  void for_each(Visit visit) const {
    std::lock_guard lock(mutex_);
    for (const auto& [vm_id, plugin] : plugins_) visit(vm_id, *plugin);
  }

 private:
  SharedStateLimits limits() const;

  const Clock& clock_;
  std::size_t threads_;
  std::shared_ptr<SharedState> behind_;
  SharedQueues queues_;
  VmTally tally_;
  mutable std::mutex mutex_;  // guards what follows; not taken by host calls
  SharedStateLimits limits_;
  std::map<std::string, std::unique_ptr<PluginState>, std::less<>> plugins_;
};

}  // namespace sallyport::wasm
