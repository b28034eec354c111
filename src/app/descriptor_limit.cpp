#include "app/descriptor_limit.h"

#include "base/log.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sallyport::app {

std::uint64_t set_descriptor_limit(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = wanted != 0 ? wanted : limit.rlim_max;
  rlimit raised = limit;
  raised.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return limit.rlim_cur;
  log::warn("nginx_config.worker_rlimit_nofile: {} descriptors cannot be had ({}); there are {}, the hard limit",
            wanted, std::strerror(errno), limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::uint64_t descriptors_for_clients(std::uint64_t limit) {
  constexpr std::uint64_t kLeastKept = 16;
  constexpr std::uint64_t kMostKept = 128;
  return limit - std::min(limit, std::clamp(limit / 50, kLeastKept, kMostKept));
}

}  // namespace sallyport::app
