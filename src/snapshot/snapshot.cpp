#include "snapshot/snapshot.h"

namespace sallyport::snapshot {

const Plan& Snapshot::find(exchange::Exchange& exchange) const {
  const route::RouteEntry* entry = routes_.match(exchange);
  const Plan& plan = entry ? static_cast<const Plan&>(*entry->target) : *no_route_;
  plan.describe(exchange.matched);
  return plan;
}

}  // namespace sallyport::snapshot
