#include "app/health_checks.h"

#include <pthread.h>

#include <utility>
#include <vector>

namespace sallyport::app {

Status HealthChecks::start(async::ResolverOptions resolver, upstream::ProberOptions options) {
  TRY(resolver_, async::open_resolver(reactor_, std::move(resolver)));
  prober_.emplace(reactor_, *resolver_, book_, std::move(options));
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "health");
    reactor_.run();
    prober_.reset();
  });
  return {};
}

void HealthChecks::follow(const snapshot::Snapshot& snapshot) {
  if (!thread_.joinable() || snapshot.checked() == followed_) return;
  followed_ = snapshot.checked();
  std::vector<upstream::ClusterPtr> clusters;
  followed_.for_each([&](std::string_view, const upstream::ClusterPtr& cluster) { clusters.push_back(cluster); });
  book_.keep_only(clusters);
  reactor_.post([this, clusters = std::move(clusters)] {
    if (prober_) prober_->follow(clusters);
  });
}

void HealthChecks::stop() {
  if (!thread_.joinable()) return;
  reactor_.post([this] { reactor_.stop(); });
  thread_.join();
}

}  // namespace sallyport::app
