#include "app/overload.h"

#include "base/log.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;
using proxy::Load;

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The least memory.max from the cgroup of this process to the root; 0: none, or not to be known.
std::uint64_t memory_of_cgroup() {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line) && !line.starts_with("0::")) {
  }
  if (!line.starts_with("0::/")) return 0;
  std::uint64_t least = 0;
  for (fs::path group = line.substr(3);; group = group.parent_path()) {
    std::ifstream file("/sys/fs/cgroup" + group.string() + "/memory.max");
    std::uint64_t bytes = 0;
    if (file >> bytes) least = least == 0 ? bytes : std::min(least, bytes);
    if (group == group.parent_path()) return least;
  }
}

Usage descriptors() {
  Usage usage;
  struct stat folder{};
  if (::stat("/proc/self/fd", &folder) == 0) usage.used = static_cast<std::uint64_t>(folder.st_size);
  std::error_code ignored;
  if (usage.used == 0) {  // Linux before 6.2 does not tell so cheaply
    for (fs::directory_iterator entry("/proc/self/fd", ignored), end; entry != end; entry.increment(ignored)) {
      ++usage.used;
    }
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) usage.most = limit.rlim_cur;
  return usage;
}

std::string_view describe(Load load) {
  switch (load) {
    case Load::kNormal:
      return "everything is served again";
    case Load::kCloseIdle:
      return "idle connections are closed, others with their response";
    case Load::kShed:
      return "requests get 503, and connections are closed";
    case Load::kStopAccepting:
      return "no connections are accepted, and requests get 503";
  }
  return {};
}

}  // namespace

Scarcity scarcest(const Usages& usages) {
  Scarcity most{"memory", usages.memory.share()};
  for (const Scarcity& other :
       {Scarcity{"descriptors", usages.descriptors.share()}, Scarcity{"busy connections", usages.busy.share()}}) {
    if (other.share > most.share) most = other;
  }
  return most;
}

Load next_load(Load now, double share, const OverloadSettings& thresholds) {
  const double percent = share * 100;
  const std::array<std::pair<Load, double>, 3> steps{{{Load::kCloseIdle, thresholds.close_idle},
                                                      {Load::kShed, thresholds.shed},
                                                      {Load::kStopAccepting, thresholds.stop_accepting}}};
  Load next = Load::kNormal;
  for (const auto& [load, at] : steps) {
    const double needed = load <= now ? at - thresholds.recover : at;
    if (percent >= needed) next = load;
  }
  return next;
}

Usages read_usages(const OverloadSettings& settings, std::uint64_t busy) {
  const std::uint64_t memory = settings.memory_limit != 0 ? settings.memory_limit : memory_of_cgroup();
  return {.memory = {resident_bytes(), memory},
          .descriptors = descriptors(),
          .busy = {busy, settings.max_busy_connections}};
}

Overload::Overload(async::Reactor& control, const OverloadSettings& settings, CountBusy count_busy, Tell tell)
    : settings_(settings), count_busy_(std::move(count_busy)), tell_(std::move(tell)) {
  if (!settings_.enabled) return;
  timer_ = control.start_timer(settings_.interval, async::Reactor::Repeat::kEvery, [this] { look(); });
}

void Overload::tell_about(telemetry::ProcessFacts& facts) const {
  facts.load = static_cast<unsigned>(load_);
  facts.resources = {{"memory", usages_.memory.share()},
                     {"descriptors", usages_.descriptors.share()},
                     {"busy_connections", usages_.busy.share()}};
}

void Overload::look() {
  usages_ = read_usages(settings_, count_busy_());
  const Scarcity most = scarcest(usages_);
  const Load next = next_load(load_, most.share, settings_);
  if (next == load_) return;
  load_ = next;
  log::warn("load: {} at {:.0f} %: {}", most.what, most.share * 100, describe(load_));
  tell_(load_);
}

}  // namespace sallyport::app
