#pragma once
// When the Vm of a plugin that failed may be started again. A plugin that fails again and again must cost little,
// and one that fails now and then must be back at once, so what starts cost in CPU time is counted: up to kBurst they
// are made as they are needed, beyond it they take a tenth of the worker's time. With `fail: reload` a Vm is not
// started within a second of the last start, as in Envoy. Waits are longer by chance, up to half, so that workers do
// not start theirs all at once. Belongs to one worker.

#include "base/clock.h"
#include "plugins/wasm/wasm_settings.h"

#include <chrono>

namespace sallyport::wasm {

class RestartPacer {
 public:
  static constexpr std::chrono::milliseconds kBurst{100};
  static constexpr int kShare = 10;  // one part of so many is what starts may take
  static constexpr std::chrono::seconds kReloadInterval{1};

  explicit RestartPacer(Restart rule) : rule_(rule) {}

  // A Vm was started, or tried to, at `now`, for `cost` of CPU time.
  void started(SteadyTime now, std::chrono::nanoseconds cost);
  // Something more had to be done for it.
  void spent(SteadyTime now, std::chrono::nanoseconds cost);
  // From when on the next one may be.
  SteadyTime next() const noexcept { return next_; }

 private:
  Restart rule_;
  SteadyTime at_{};                    // when `spent_` was true
  std::chrono::nanoseconds spent_{0};  // what has not been earned back yet
  SteadyTime next_{};
};

}  // namespace sallyport::wasm
