#include "app/descriptor_limit.h"

#include "base/log.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sallyport::app {

void set_descriptor_limit(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = wanted != 0 ? wanted : limit.rlim_max;
  rlimit raised = limit;
  raised.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
  log::warn("nginx_config.worker_rlimit_nofile: {} descriptors cannot be had ({}); there are {}, the hard limit",
            wanted, std::strerror(errno), limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace sallyport::app
