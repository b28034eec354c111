#pragma once
// Where requests go: nodes, how one is picked, and how it is spoken to. A plain value; the live side (pools, balancer
// positions, health) lies in the room `upstream`.

#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"
#include "resources/health_checks.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::resources {

struct Node {
  std::string host;        // a name or an address; IPv6 without brackets
  std::uint16_t port = 0;  // 0: none written, and the scheme has no default
  std::int64_t weight = 1;
  std::int64_t priority = 0;  // higher first

  friend bool operator==(const Node&, const Node&) = default;
};

struct Timeouts {
  Milliseconds connect{60'000}, send{60'000}, read{60'000};
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

struct KeepalivePool {
  std::int64_t size = 320;            // idle connections kept
  Milliseconds idle_timeout{60'000};  // 0: never
  std::int64_t requests = 1000;       // per connection
  friend bool operator==(const KeepalivePool&, const KeepalivePool&) = default;
};

enum class Scheme : std::uint8_t { kHttp, kHttps, kGrpc, kGrpcs, kTcp, kTls, kUdp, kKafka };
enum class PassHost : std::uint8_t { kPass, kNode, kRewrite };
enum class HashOn : std::uint8_t { kVars, kHeader, kCookie, kConsumer, kVarsCombinations };

struct Upstream {
  std::string id;  // empty when it is written inside a route or service
  std::string name;

  std::vector<Node> nodes;  // in written order; may be empty
  std::string type = "roundrobin";
  HashOn hash_on = HashOn::kVars;
  std::string key;  // of the hash

  Scheme scheme = Scheme::kHttp;
  bool speaks_http2 = false;  // `http_version` is "2"; grpc and grpcs do in any case
  PassHost pass_host = PassHost::kPass;
  std::string upstream_host;  // for PassHost::kRewrite

  Timeouts timeout;
  std::optional<std::int64_t> retries;  // absent: one less than there are nodes
  Milliseconds retry_timeout{0};        // for all tries together; 0: no limit
  KeepalivePool keepalive_pool;
  Milliseconds slow_start{0};  // a member of our own

  std::string service_name, discovery_type;  // instead of nodes
  json::Value discovery_args, tls;           // as written, with defaults; null when absent
  std::optional<HealthChecks> checks;

  friend bool operator==(const Upstream&, const Upstream&) = default;
};

// Of a value that `check` accepted and whose defaults are filled.
// Error: kInvalid, where an address in `nodes` makes no sense.
Result<Upstream> upstream_from(const json::Value& value);
// The one written inside a route or service, if there is one.
Result<std::optional<Upstream>> inner_upstream_from(const json::Value& resource);

// What the schema of an upstream cannot say; also for those inside other resources and plugins' confs, after the
// schema.
// `schema_prefix` as with `check` in kinds.h.
Status check_upstream_rules(const json::Value& upstream, std::string_view schema_prefix = "");

// Null where there is no `timeout` member. Seconds become milliseconds, at least 1.
std::optional<Timeouts> timeouts_from(const json::Value& resource);

std::optional<std::uint16_t> default_port(Scheme scheme) noexcept;
std::string_view name_of(Scheme scheme) noexcept;  // "https"

}  // namespace sallyport::resources
