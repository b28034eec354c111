#include "plugins/wasm/restart_pacer.h"

#include "base/random.h"

#include <algorithm>

namespace sallyport::wasm {
namespace {

constexpr std::uint32_t kSteps = 1024;

std::chrono::nanoseconds up_to_half_longer(std::chrono::nanoseconds wait) {
  return wait + wait / (2 * kSteps) * random_below(kSteps + 1);
}

}  // namespace

void RestartPacer::started(SteadyTime now, std::chrono::nanoseconds cost) {
  spent(now, cost);
  if (rule_ == Restart::kAfterInterval) next_ = std::max(next_, now + up_to_half_longer(kReloadInterval));
}

void RestartPacer::spent(SteadyTime now, std::chrono::nanoseconds cost) {
  std::chrono::nanoseconds earned = (now - at_) / kShare;
  spent_ = std::max(spent_ - earned, std::chrono::nanoseconds(0)) + cost;
  at_ = now;
  std::chrono::nanoseconds wait =
      std::max<std::chrono::nanoseconds>(spent_ - kBurst, std::chrono::nanoseconds(0)) * kShare;
  next_ = std::max(next_, now + up_to_half_longer(wait));
}

}  // namespace sallyport::wasm
