#pragma once
// An Engine that compiles in two steps: code that can be had quickly serves at once, and the optimised one takes its
// place for instances that are made from then on. What is known optimised already has no first step.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/threads.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace sallyport::wasm {

struct Tiers {
  std::shared_ptr<Engine> quick;
  std::shared_ptr<Engine> optimising;
  std::shared_ptr<Engine> at_once;  // as `optimising`, for those who wait
  Post later;                       // where `optimising` compiles: a thread that serves nobody
  // The optimised code of a module is there, and the first one's went in use so long ago. On the thread of `later`.
  std::function<void(const std::shared_ptr<const CompiledModule>& module, std::chrono::nanoseconds after)> done;
};

// Smaller modules are optimised at once: that takes some tenths of a second at most.
inline constexpr std::size_t kSmallestTiered = 512u << 10;

// So are those that the quick engine does not take. Everything else that an Engine does is done by `at_once`.
std::shared_ptr<Engine> with_first_tier(Tiers tiers);

}  // namespace sallyport::wasm
