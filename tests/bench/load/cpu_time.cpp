#include "cpu_time.h"

#include "sockets.h"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

CpuTime cpu_time_of(std::span<const pid_t> processes) {
  CpuTime sum;
  for (pid_t process : processes) {
    const std::string tasks = "/proc/" + std::to_string(process) + "/task";
    std::error_code error;
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
      CpuTime time;
      if (!(std::ifstream(task.path() / "schedstat") >> time.run_ns >> time.wait_ns)) continue;
      sum.run_ns += time.run_ns;
      sum.wait_ns += time.wait_ns;
    }
    if (error) give_up("process " + std::to_string(process) + " is gone: " + tasks + ": " + error.message());
  }
  return sum;
}

std::uint64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace bench
