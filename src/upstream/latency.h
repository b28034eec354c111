#pragma once
// How long an endpoint takes to answer, as an average in which what is long ago counts little (EWMA, as in APISIX).
// Belongs to one worker.

#include "base/clock.h"

#include <chrono>
#include <cmath>

namespace sallyport::upstream {

class Latency final {
 public:
  bool is_known() const noexcept { return seconds_ >= 0; }

  void add(std::chrono::nanoseconds took, SteadyTime now) noexcept {
    const double weight = is_known() ? decay(now) : 0;
    seconds_ = std::fmax(seconds_, 0) * weight + std::chrono::duration<double>(took).count() * (1 - weight);
    touched_ = now;
  }

  // In seconds; less from moment to moment without news, so that what was slow once is tried again.
  double at(SteadyTime now) const noexcept { return seconds_ * decay(now); }

 private:
  static constexpr std::chrono::seconds kDecay{10};

  double decay(SteadyTime now) const noexcept {
    return std::exp(-std::chrono::duration<double>(now - touched_) / std::chrono::duration<double>(kDecay));
  }

  double seconds_ = -1;
  SteadyTime touched_{};
};

}  // namespace sallyport::upstream
