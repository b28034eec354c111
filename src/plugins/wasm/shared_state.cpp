#include "plugins/wasm/shared_state.h"

#include <utility>

namespace sallyport::wasm {

SharedState::SharedState(std::shared_ptr<SharedState> behind)
    : clock_(behind->clock_),
      threads_(behind->threads_),
      behind_(std::move(behind)),
      queues_(behind_->limits().queues, &behind_->queues_),
      limits_(behind_->limits()) {}

SharedStateLimits SharedState::limits() const {
  std::lock_guard lock(mutex_);
  return limits_;
}

PluginState& SharedState::of(std::string_view vm_id) {
  PluginState* behind = behind_ ? &behind_->of(vm_id) : nullptr;
  std::lock_guard lock(mutex_);
  auto found = plugins_.find(vm_id);
  if (found == plugins_.end()) {
    auto made = std::make_unique<PluginState>(clock_, limits_, vm_id, threads_, behind);
    found = plugins_.emplace(vm_id, std::move(made)).first;
  }
  return *found->second;
}

void SharedState::limit(const SharedStateLimits& limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
  queues_.limit(limits.queues);
  for (const auto& [vm_id, plugin] : plugins_) {
    plugin->data.limit(limits.data);
    plugin->metrics.limit(limits.metrics_of(vm_id));
  }
}

}  // namespace sallyport::wasm
