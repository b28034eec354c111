// Ticks: a callback of the root context at regular times.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <algorithm>

namespace sallyport::wasm::abi {
namespace {

constexpr std::uint32_t kShortestPeriod = 10;  // milliseconds

Status set_tick_period_milliseconds(Vm& vm, std::uint32_t period) {
  RootContext* root = vm.effective().root;
  if (!root) return Status::kOk;
  root->tick_period = Milliseconds(period == 0 ? 0 : std::max(period, kShortestPeriod));
  if (root->home) root->home->tick_period_changed();
  return Status::kOk;
}

}  // namespace

void add_ticks(std::vector<Import>& table) {
  table.push_back(import <"proxy_set_tick_period_milliseconds", When::kRunning, &set_tick_period_milliseconds>("env"));
}

}  // namespace sallyport::wasm::abi
