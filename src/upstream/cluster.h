#pragma once
// A Cluster is one upstream compiled for serving: its nodes and how to speak to them. Immutable, shared by all workers;
// what changes while it serves (balancer positions, resolved names) is the Balancer's.

#include "async/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "resources/upstream.h"
#include "tls/client_context.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::upstream {

class ForbiddenAddresses;
class HashKey;
class HashRing;

enum class Balancing : std::uint8_t { kRoundRobin, kConsistentHash, kLeastConnections, kLeastLatency };
using resources::KeepalivePool;  // per worker and endpoint
using resources::PassHost;
using resources::Timeouts;

struct Node {
  std::string host;  // as configured, an IPv6 address without brackets
  std::uint16_t port = 80;
  std::uint32_t weight = 1;  // 0: never chosen
  std::int64_t priority = 0;
  std::optional<async::Address> literal;  // the address with its port when `host` is one, else it is a name
  std::string host_header;                // "host", or "host:port" when the port is not the scheme's
};

// How nodes are spoken to over TLS.
struct ClusterTls {
  tls::Verify verify = tls::Verify::kNo;
  tls::ClientIdentityPtr identity;  // written in the upstream itself; or null
  std::string identity_id;          // of an `ssls` resource; or empty
};

class Cluster final {
 public:
  // `key` names the owner for live state that survives changes: "upstreams/1", "routes/7", "services/3".
  // Error: kInvalid with the field that is wrong or not supported, or the node that is forbidden.
  static Result<std::shared_ptr<const Cluster>> compile(const resources::Upstream& upstream, std::string key,
                                                        const ForbiddenAddresses& forbidden);
  ~Cluster();

  const std::string& key() const noexcept { return key_; }
  const std::string& name() const noexcept { return name_; }  // empty: none was given
  std::size_t key_hash() const noexcept { return key_hash_; }
  // Different for every Cluster that was ever compiled in this process.
  std::uint64_t serial() const noexcept { return serial_; }

  // Highest priority first; within one priority in configured order.
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  std::string_view scheme() const noexcept { return scheme_; }
  const ClusterTls* tls() const noexcept { return tls_ ? &*tls_ : nullptr; }  // null: in clear
  bool speaks_http2() const noexcept { return speaks_http2_; }                // and nothing else
  PassHost pass_host() const noexcept { return pass_host_; }
  const std::string& upstream_host() const noexcept { return upstream_host_; }  // of kRewrite
  const Timeouts& timeouts() const noexcept { return timeouts_; }
  unsigned retries() const noexcept { return retries_; }                  // further tries after the first
  Milliseconds retry_timeout() const noexcept { return retry_timeout_; }  // no try begins later; 0: no limit
  const KeepalivePool& keepalive_pool() const noexcept { return keepalive_pool_; }
  // In which a node that is new or healthy again comes to its whole weight; 0: at once.
  Milliseconds slow_start() const noexcept { return slow_start_; }
  // Null: every node counts as healthy.
  const resources::HealthChecks* checks() const noexcept { return checks_ ? &*checks_ : nullptr; }

  Balancing balancing() const noexcept { return balancing_; }
  // Of kConsistentHash, else null.
  const HashKey* hash_key() const noexcept { return hash_key_.get(); }
  const HashRing* ring() const noexcept { return ring_.get(); }

 private:
  Cluster();

  std::string key_;
  std::string name_;
  std::size_t key_hash_ = 0;
  std::uint64_t serial_ = 0;
  std::vector<Node> nodes_;
  std::string scheme_ = "http";
  std::optional<ClusterTls> tls_;
  bool speaks_http2_ = false;
  PassHost pass_host_ = PassHost::kPass;
  std::string upstream_host_;
  Timeouts timeouts_;
  unsigned retries_ = 0;
  Milliseconds retry_timeout_{0};
  KeepalivePool keepalive_pool_;
  Milliseconds slow_start_{0};
  std::optional<resources::HealthChecks> checks_;
  Balancing balancing_ = Balancing::kRoundRobin;
  std::unique_ptr<const HashKey> hash_key_;
  std::unique_ptr<const HashRing> ring_;
};

using ClusterPtr = std::shared_ptr<const Cluster>;

}  // namespace sallyport::upstream
