#include "route/route_table.h"

namespace sallyport::route {

RouteTable::RouteTable(RouterKind kind) : kind_(kind) {}

RouteTable RouteTable::with(const RouteEntryPtr& entry) const {
  RouteTable table = *this;
  if (kind_ == RouterKind::kHostUri && !entry->rule->hosts().empty()) {
    table.hosts_ = hosts_.with(entry);
  } else {
    table.any_host_ = any_host_.with(entry);
  }
  ++table.size_;
  return table;
}

RouteTable RouteTable::without(const RouteEntryPtr& entry) const {
  RouteTable table = *this;
  if (kind_ == RouterKind::kHostUri && !entry->rule->hosts().empty()) {
    table.hosts_ = hosts_.without(entry);
  } else {
    table.any_host_ = any_host_.without(entry);
  }
  --table.size_;
  return table;
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
