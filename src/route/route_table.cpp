#include "route/route_table.h"

namespace sallyport::route {

RouteTable::RouteTable(RouterKind kind) : kind_(kind) {}

void RouteTable::put(const RouteEntryPtr& entry) {
  if (is_under_hosts(*entry)) {
    hosts_.put(entry);
  } else {
    any_host_.put(entry);
  }
  ++size_;
}

void RouteTable::take_out(const RouteEntryPtr& entry) {
  if (is_under_hosts(*entry)) {
    hosts_.take_out(entry);
  } else {
    any_host_.take_out(entry);
  }
  --size_;
}

void RouteTable::replace(const RouteEntryPtr& before, const RouteEntryPtr& now) {
  if (before->rule != now->rule || before->order != now->order) {
    take_out(before);
    put(now);
  } else if (is_under_hosts(*now)) {
    hosts_.replace(before, now);
  } else {
    any_host_.replace(before, now);
  }
}

const RouteEntry* RouteTable::match(exchange::Exchange& exchange) const {
  Inquiry inquiry(exchange);
  auto [candidate, host] = hosts_.match(inquiry);
  if (!candidate) candidate = any_host_.match(inquiry);
  if (!candidate) return nullptr;

  const RouteEntry& entry = *candidate->entry;
  if (kind_ != RouterKind::kHostUri) {
    if (const HostPattern* pattern = entry.rule->host_of(exchange)) host = pattern->text();
  }
  exchange.matched.uri = candidate->path->text();
  exchange.matched.host = host;
  candidate->path->name_parameters(exchange.uri, exchange);
  return &entry;
}

}  // namespace sallyport::route
