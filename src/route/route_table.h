#pragma once
// The RouteTable finds the route of a request by host, path and conditions, in APISIX's order. A table is immutable and
// shared by all workers; `with` and `without` give a new table that shares what did not change.

#include "exchange/exchange.h"
#include "route/host_table.h"
#include "route/path_table.h"
#include "route/route_rule.h"

#include <cstddef>
#include <memory>

namespace sallyport::route {

// radixtree_host_uri: the host decides before the path, routes without a host come last.
// radixtree_uri, radixtree_uri_with_parameter: the path decides, hosts are one of the conditions.
class RouteTable final {
 public:
  explicit RouteTable(RouterKind kind);

  RouterKind kind() const noexcept { return kind_; }
  std::size_t size() const noexcept { return size_; }

  // `entry` with a rule compiled for this kind of router; the caller replaces a route by `without` first.
  [[nodiscard]] RouteTable with(const RouteEntryPtr& entry) const;
  // `entry` as it was given to `with`.
  [[nodiscard]] RouteTable without(const RouteEntryPtr& entry) const;

  // The route that serves this request, or null. Writes `exchange.matched.uri` and `.host`, and the parameters of the
  // path as properties `uri_param_<name>`; views into the table stay valid as long as it lives.
  const RouteEntry* match(exchange::Exchange& exchange) const;

 private:
  RouterKind kind_;
  std::size_t size_ = 0;
  PathTable any_host_;
  HostTable hosts_;
};

}  // namespace sallyport::route
