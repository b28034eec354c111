#pragma once
// What one route asks of a request. A rule is compiled once, immutable, and shared by all workers and snapshots.

#include "base/ip_range.h"
#include "base/result.h"
#include "exchange/exchange.h"
#include "exchange/expression.h"
#include "json/value.h"
#include "route/host_pattern.h"
#include "route/method_set.h"
#include "route/path_pattern.h"
#include "route/router_kind.h"
#include "route/target.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::route {

// A route's conditions as they were written.
struct RuleSource {
  std::vector<std::string> uris;
  std::vector<std::string> hosts;  // the service's when the route has none of its own
  std::vector<std::string> methods;
  std::vector<std::string> remote_addrs;
  json::Value vars;  // null: none
  std::int64_t priority = 0;

  friend bool operator==(const RuleSource&, const RuleSource&) = default;
};

// A request as rules look at it; what several rules ask is worked out once.
class Inquiry {
 public:
  explicit Inquiry(const exchange::Exchange& exchange) : exchange_(exchange) {}

  const exchange::Exchange& exchange() const noexcept { return exchange_; }
  MethodSet method() {
    if (!method_) method_ = MethodSet::of(exchange_.request.method);
    return *method_;
  }
  const std::optional<IpAddress>& client();

 private:
  const exchange::Exchange& exchange_;
  std::optional<MethodSet> method_;
  bool client_known_ = false;
  std::optional<IpAddress> client_;
};

class RouteRule {
 public:
  // Error: kInvalid, naming the field.
  static Result<RouteRule> compile(const RuleSource& source, RouterKind kind);

  const std::vector<PathPattern>& paths() const noexcept { return paths_; }
  const std::vector<HostPattern>& hosts() const noexcept { return hosts_; }
  std::int64_t priority() const noexcept { return priority_; }

  // Whether everything but the path holds; hosts are not looked at where the router has decided by them.
  bool accepts(Inquiry& inquiry) const;
  // The first host that the request is for, or null.
  const HostPattern* host_of(const exchange::Exchange& exchange) const;

 private:
  RouteRule() = default;

  std::vector<PathPattern> paths_;
  std::vector<HostPattern> hosts_;
  bool host_is_condition_ = false;
  MethodSet methods_;  // empty: any
  IpRanges remote_addrs_;
  exchange::Expression vars_;
  bool has_vars_ = false;
  std::int64_t priority_ = 0;
};

struct RouteEntry {
  std::shared_ptr<const RouteRule> rule;
  std::uint64_t order = 0;  // the lower goes first where nothing else decides
  std::shared_ptr<const Target> target;
};

using RouteEntryPtr = std::shared_ptr<const RouteEntry>;

}  // namespace sallyport::route
