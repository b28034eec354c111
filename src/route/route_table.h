#pragma once
// The RouteTable finds the route of a request by host, path and conditions, in APISIX's order. A copy of a table shares
// everything and costs nothing; changing one of them leaves the others as they are. Workers read tables that nobody
// changes any more; all copies are made, changed and freed by one thread.

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

  // `entry` with a rule compiled for this kind of router.
  void put(const RouteEntryPtr& entry);
  // `entry` as it was put.
  void take_out(const RouteEntryPtr& entry);
  // `now` in the place of `before`, which was put; cheap where rule and order are the same.
  void replace(const RouteEntryPtr& before, const RouteEntryPtr& now);

  // The route that serves this request, or null. Writes `exchange.matched.uri` and `.host`, and the parameters of the
  // path as properties `uri_param_<name>`; views into the table stay valid as long as it lives.
  const RouteEntry* match(exchange::Exchange& exchange) const;

 private:
  bool is_under_hosts(const RouteEntry& entry) const {
    return kind_ == RouterKind::kHostUri && !entry.rule->hosts().empty();
  }

  RouterKind kind_;
  std::size_t size_ = 0;
  PathTable any_host_;
  HostTable hosts_;
};

}  // namespace sallyport::route
