#pragma once
// CPU time of processes as the scheduler counts it, in nanoseconds, exact to the last switch or tick.

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace bench {

struct CpuTime {
  std::uint64_t run_ns = 0;   // on a core
  std::uint64_t wait_ns = 0;  // ready to run, while something else had the core

  CpuTime operator-(const CpuTime& earlier) const { return {run_ns - earlier.run_ns, wait_ns - earlier.wait_ns}; }
};

// The sum over all threads of all processes that are alive (/proc/PID/task/*/schedstat).
CpuTime cpu_time_of(std::span<const pid_t> processes);

// Monotonic clock, in nanoseconds.
std::uint64_t now_ns();

}  // namespace bench
