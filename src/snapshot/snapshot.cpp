#include "snapshot/snapshot.h"

namespace sallyport::snapshot {

const Plan& Snapshot::find(exchange::Exchange& exchange) const {
  const route::RouteEntry* entry = routes_.match(exchange);
  const Plan& plan = entry ? static_cast<const Plan&>(*entry->target) : *no_route_;
  plan.describe(exchange.matched);
  return plan;
}

tls::ClientIdentityPtr Snapshot::client_identity(std::string_view id) const {
  if (!client_identities_) return nullptr;
  auto found = client_identities_->find(id);
  return found == client_identities_->end() ? nullptr : found->second;
}

}  // namespace sallyport::snapshot
