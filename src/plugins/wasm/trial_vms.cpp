#include "plugins/wasm/trial_vms.h"

#include "plugins/wasm/cpu_time.h"

#include <algorithm>
#include <utility>

namespace sallyport::wasm {
namespace {

// Whoever refuses a conf refuses what the user wrote.
std::unexpected<Error> refusal(Error error) {
  error.code = ErrorCode::kInvalid;
  return fail(std::move(error));
}

}  // namespace

Result<TrialVms::Trial> TrialVms::start(const std::string& kind, std::shared_ptr<const VmSpec> spec) {
  auto trial = std::make_shared<VmSpec>(*spec);
  trial->state = std::make_shared<SharedState>(spec->state);
  const auto begun = thread_cpu_time();
  auto vm = Vm::start(std::move(trial), spec->start_budget, PluginLog::Mode::kKeep);
  if (!vm) return refusal(std::move(vm.error()));
  return Trial{kind, std::move(*vm), thread_cpu_time() - begun};
}

Result<TrialCosts> TrialVms::configure(Trial& trial, const RootConf& conf) {
  if (trial.root) trial.vm->end_root(*std::exchange(trial.root, nullptr));
  const auto begun = thread_cpu_time();
  auto root = trial.vm->add_root(conf);
  if (!root) return refusal(std::move(root.error()));
  trial.root = *root;
  return TrialCosts{trial.start_cost, thread_cpu_time() - begun};
}

Result<TrialCosts> TrialVms::try_out(const std::string& kind, std::shared_ptr<const VmSpec> spec,
                                     const RootConf& conf) {
  auto known = std::ranges::find(kept_, kind, &Trial::kind);
  if (known != kept_.end()) {
    Trial trial = std::move(*known);
    kept_.erase(known);
    if (auto costs = configure(trial, conf)) {
      keep(std::move(trial));
      return costs;
    }
  }
  TRY(Trial trial, start(kind, std::move(spec)));
  auto costs = configure(trial, conf);
  if (!costs) {
    trial.vm->log().release();
    return costs;
  }
  keep(std::move(trial));
  return costs;
}

void TrialVms::keep(Trial trial) {
  kept_.push_front(std::move(trial));
  if (kept_.size() > kMostKept) kept_.pop_back();
}

}  // namespace sallyport::wasm
