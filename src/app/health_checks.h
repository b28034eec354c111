#pragma once
// The health checks of the process: a thread of its own probes nodes, so that neither a worker that is busy nor the
// control thread while it compiles resources makes a healthy node look late. Used by the control thread.

#include "async/epoll_reactor.h"
#include "async/resolver.h"
#include "base/result.h"
#include "snapshot/snapshot.h"
#include "upstream/health_book.h"
#include "upstream/prober.h"

#include <memory>
#include <optional>
#include <thread>

namespace sallyport::app {

class HealthChecks final {
 public:
  HealthChecks() = default;
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;
  ~HealthChecks() { stop(); }

  // Called once; until then, and without it, nothing is probed. Error: kInvalid when a name server cannot be read.
  Status start(async::ResolverOptions resolver, upstream::ProberOptions options);
  // Checks what the snapshot, which comes into force, asks for.
  void follow(const snapshot::Snapshot& snapshot);
  void stop();

  upstream::HealthBook& book() noexcept { return book_; }

 private:
  upstream::HealthBook book_;
  snapshot::CheckedClusters followed_;
  bool shows_named_ = false;  // one of them shows its nodes a certificate that may change without it
  async::EpollReactor reactor_;
  std::unique_ptr<async::Resolver> resolver_;
  std::optional<upstream::Prober> prober_;  // the thread's, while that runs
  std::thread thread_;
};

}  // namespace sallyport::app
