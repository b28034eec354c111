#include "resources/health_checks.h"

#include "json/parse.h"

#include <gtest/gtest.h>

namespace sallyport::resources {
namespace {

using namespace std::chrono_literals;

std::optional<HealthChecks> checks(std::string_view text) { return health_checks_from(*json::parse(text)); }

TEST(HealthChecks, WithoutThemThereAreNone) {
  EXPECT_FALSE(checks("{}"));
  EXPECT_FALSE(checks(R"({"checks": {}})"));
}

TEST(HealthChecks, ActiveOnesHaveApisixsDefaults) {
  const ActiveChecks active = *checks(R"({"checks": {"active": {}}})")->active;
  EXPECT_EQ(active.type, CheckType::kHttp);
  EXPECT_EQ(active.timeout, 1s);
  EXPECT_EQ(active.concurrency, 10u);
  EXPECT_EQ(active.method + active.path, "GET/");
  EXPECT_TRUE(active.verify_certificate);
  EXPECT_EQ(active.healthy_interval, 1s);
  EXPECT_EQ(active.unhealthy_interval, 1s);
  EXPECT_EQ(active.limits.successes, 2);
  EXPECT_EQ(active.limits.http_failures, 5);
  EXPECT_EQ(active.limits.tcp_failures, 2);
  EXPECT_EQ(active.limits.timeouts, 3);
  EXPECT_TRUE(active.limits.healthy_statuses.has(302));
  EXPECT_FALSE(active.limits.healthy_statuses.has(204));
  EXPECT_TRUE(active.limits.unhealthy_statuses.has(404));
}

TEST(HealthChecks, PassiveOnesMayStandAlone) {
  auto both = *checks(R"({"checks": {"passive": {"type": "tcp", "unhealthy": {"recovery_time": 0.5}}}})");
  EXPECT_FALSE(both.active);
  EXPECT_EQ(both.shown_type, CheckType::kTcp);
  EXPECT_EQ(both.passive->recovery_time, 500ms);
  EXPECT_EQ(both.passive->limits.successes, 5);
  EXPECT_EQ(both.passive->limits.timeouts, 7);
  EXPECT_TRUE(both.passive->limits.unhealthy_statuses.has(429));
  EXPECT_FALSE(both.passive->limits.unhealthy_statuses.has(502));
}

TEST(HealthChecks, WhatIsWrittenArrives) {
  const ActiveChecks active = *checks(R"({"checks": {"active": {"type": "https", "timeout": 0.25, "concurrency": 2,
    "host": "h.test", "port": 8443, "http_path": "/s?a=b", "https_verify_certificate": false,
    "req_headers": ["A: b: c", "D:e"], "healthy": {"interval": 3, "http_statuses": [204], "successes": 1},
    "unhealthy": {"interval": 4, "http_statuses": [200], "tcp_failures": 7}}}})")
                                   ->active;
  EXPECT_EQ(active.type, CheckType::kHttps);
  EXPECT_EQ(active.timeout, 250ms);
  EXPECT_EQ(active.concurrency, 2u);
  EXPECT_EQ(active.host, "h.test");
  EXPECT_EQ(active.port, 8443);
  EXPECT_EQ(active.path, "/s?a=b");
  EXPECT_FALSE(active.verify_certificate);
  using Fields = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(active.headers, (Fields{{"A", "b: c"}, {"D", "e"}}));
  EXPECT_EQ(active.healthy_interval, 3s);
  EXPECT_EQ(active.unhealthy_interval, 4s);
  EXPECT_TRUE(active.limits.healthy_statuses.has(204));
  EXPECT_FALSE(active.limits.healthy_statuses.has(200));
  EXPECT_TRUE(active.limits.unhealthy_statuses.has(200));
  EXPECT_EQ(active.limits.tcp_failures, 7);
}

}  // namespace
}  // namespace sallyport::resources
