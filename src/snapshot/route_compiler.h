#pragma once
// Compiles one route among the other resources into what serves it.

#include "async/task.h"
#include "base/result.h"
#include "chain/catalog.h"
#include "resources/route.h"
#include "resources/secret.h"
#include "snapshot/resource_set.h"
#include "snapshot/reuse.h"
#include "snapshot/unknown_plugins.h"
#include "upstream/forbidden_addresses.h"

#include <memory>

namespace sallyport::snapshot {

struct CompileContext {
  const chain::Catalog& catalog;
  const upstream::ForbiddenAddresses& forbidden;
  route::RouterKind router;
  Reuse reuse = Reuse::kSameConf;
  UnknownPlugins unknown_plugins = UnknownPlugins::kRefuse;
  resources::SecretLookup secrets{};
};

// A Cluster for `upstream` under `key`, or `previous` when that was made of an equal one; null for no upstream.
// Error: kInvalid with the field.
Result<upstream::ClusterPtr> compile_own_cluster(const std::optional<resources::Upstream>& upstream, std::string key,
                                                 const std::optional<resources::Upstream>& previous_source,
                                                 const upstream::ClusterPtr& previous,
                                                 const upstream::ForbiddenAddresses& forbidden);

// `previous` is what the route was before, or null; `set` and `context` stay valid until the Task ends.
// What the route refers to and is not there makes a plan that refuses, not an error. Error: kInvalid with the field.
Task<Result<CompiledRoutePtr>> compile_route(const CompileContext& context, const ResourceSet& set, RoutePtr route,
                                             CompiledRoutePtr previous);

// The route with a plan for what it refers to now, unless it is switched off. `previous` is what served it before, or
// null; of that the chains are kept where they would be the same.
std::shared_ptr<const ServedRoute> serve_route(const ResourceSet& set, CompiledRoutePtr compiled, std::uint64_t order,
                                               const ServedRoute* previous);

}  // namespace sallyport::snapshot
