#pragma once
// How the health of an upstream's nodes is told: by asking them (active) and by what becomes of requests (passive).
// Plain values, of the member `checks`; meaning and defaults are those of APISIX.

#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::resources {

// Which statuses of responses count.
class StatusSet {
 public:
  void add(std::int64_t status);
  bool has(int status) const noexcept {
    return status >= 0 && status < kEnd && bits_[static_cast<std::size_t>(status)];
  }
  friend bool operator==(const StatusSet&, const StatusSet&) = default;

 private:
  static constexpr int kEnd = 600;
  std::bitset<kEnd> bits_;
};

// What makes a node healthy and unhealthy. A limit is so many reports in a row; 0: never by these.
struct HealthLimits {
  StatusSet healthy_statuses, unhealthy_statuses;
  std::uint8_t successes = 0, http_failures = 0, tcp_failures = 0, timeouts = 0;
  friend bool operator==(const HealthLimits&, const HealthLimits&) = default;
};

enum class CheckType : std::uint8_t { kHttp, kHttps, kTcp };

struct ActiveChecks {
  CheckType type = CheckType::kHttp;
  Milliseconds timeout{1'000};   // of a whole probe
  std::size_t concurrency = 10;  // probes under way at once, at least 1
  std::string host;              // for Host and the server name; may be empty
  std::optional<std::uint16_t> port;
  std::string method, path, body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool verify_certificate = true;
  Milliseconds healthy_interval{1'000}, unhealthy_interval{1'000};
  HealthLimits limits;
  friend bool operator==(const ActiveChecks&, const ActiveChecks&) = default;
};

struct PassiveChecks {
  // Without active checks, an unhealthy node gets requests again after this time. A member of our own.
  Milliseconds recovery_time{30'000};
  HealthLimits limits;
  friend bool operator==(const PassiveChecks&, const PassiveChecks&) = default;
};

struct HealthChecks {  // one of both at least
  std::optional<ActiveChecks> active;
  std::optional<PassiveChecks> passive;
  CheckType shown_type = CheckType::kHttp;  // of the active ones, else of the passive ones
  friend bool operator==(const HealthChecks&, const HealthChecks&) = default;
};

std::string_view name_of(CheckType type) noexcept;  // "https"

// Of the member `checks` of an upstream that the schema accepted; nothing where there is none.
std::optional<HealthChecks> health_checks_from(const json::Value& upstream);

// What the schema cannot say. Error: kInvalid, naming the member.
Status check_health_check_rules(const json::Value& upstream);

}  // namespace sallyport::resources
