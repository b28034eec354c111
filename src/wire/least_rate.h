#pragma once
// How slow a peer may be that keeps us waiting: so many bytes a second on the average, after some time to begin with.
// Only the time that was spent waiting for it counts. Plain values.

#include "base/clock.h"

#include <cstdint>

namespace sallyport::wire {

struct LeastRate {
  std::uint32_t bytes_per_second = 240;  // 0: as slow as it likes
  Milliseconds grace{5'000};
  friend bool operator==(const LeastRate&, const LeastRate&) = default;
};

// Whether a peer that was waited for so long should have sent, or taken, more than `bytes` by now.
inline bool falls_behind(LeastRate least, SteadyTime::duration waited, std::uint64_t bytes) {
  if (least.bytes_per_second == 0 || waited <= least.grace) return false;
  const std::chrono::duration<double> over = waited - least.grace;
  return static_cast<double>(bytes) < over.count() * least.bytes_per_second;
}

}  // namespace sallyport::wire
