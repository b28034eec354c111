#include "upstream/health_reports.h"

namespace sallyport::upstream {
namespace {

const resources::PassiveChecks* passive_checks(const Cluster& cluster) {
  const resources::HealthChecks* checks = cluster.checks();
  return checks && checks->passive ? &*checks->passive : nullptr;
}

// With active checks, only these make a node healthy again.
SteadyTime recovery(const Cluster& cluster, SteadyTime now) {
  return cluster.checks()->active ? SteadyTime::max() : now + cluster.checks()->passive->recovery_time;
}

}  // namespace

void report_status_of(const Cluster& cluster, const Endpoint& endpoint, int status, SteadyTime now) {
  const resources::PassiveChecks* checks = passive_checks(cluster);
  if (!checks) return;
  const resources::HealthLimits& limits = checks->limits;
  if (limits.healthy_statuses.has(status)) {
    endpoint.health->report(HealthReport::kSuccess, limits.successes, now);
  } else if (limits.unhealthy_statuses.has(status)) {
    endpoint.health->report(HealthReport::kHttpFailure, limits.http_failures, now, recovery(cluster, now));
  }
}

// A certificate of our own that is missing (kUnavailable, never to be tried again) tells nothing of the node.
void report_failure_of(const Cluster& cluster, const Endpoint& endpoint, const Error& error, SteadyTime now) {
  const resources::PassiveChecks* checks = passive_checks(cluster);
  if (!checks || error.side != Side::kUpstream) return;
  const resources::HealthLimits& limits = checks->limits;
  const SteadyTime recovers_at = recovery(cluster, now);
  if (error.code == ErrorCode::kTimeout) {
    endpoint.health->report(HealthReport::kTimeout, limits.timeouts, now, recovers_at);
  } else if (error.code == ErrorCode::kProtocol) {
    endpoint.health->report(HealthReport::kHttpFailure, limits.http_failures, now, recovers_at);
  } else if (error.retry != Retry::kNever || error.code != ErrorCode::kUnavailable) {
    endpoint.health->report(HealthReport::kTcpFailure, limits.tcp_failures, now, recovers_at);
  }
}

}  // namespace sallyport::upstream
