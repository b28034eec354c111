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
  if (!thread_.joinable() || (snapshot.checked() == followed_ && !shows_named_)) return;
  followed_ = snapshot.checked();
  shows_named_ = false;
  std::vector<upstream::ClusterPtr> clusters;
  std::vector<upstream::Probed> probed;
  followed_.for_each([&](std::string_view, const upstream::ClusterPtr& cluster) {
    const std::string_view id = cluster->tls() ? cluster->tls()->identity_id : std::string_view();
    shows_named_ |= !id.empty();
    clusters.push_back(cluster);
    probed.push_back({cluster, id.empty() ? nullptr : snapshot.client_identity(id)});
  });
  book_.keep_only(clusters);
  reactor_.post([this, probed = std::move(probed)] {
    if (prober_) prober_->follow(probed);
  });
}

void HealthChecks::stop() {
  if (!thread_.joinable()) return;
  reactor_.post([this] { reactor_.stop(); });
  thread_.join();
}

}  // namespace sallyport::app
