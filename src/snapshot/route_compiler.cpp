#include "snapshot/route_compiler.h"

#include "chain/merge_plugins.h"

#include <utility>

namespace sallyport::snapshot {
namespace {

Status refuse_lua(const resources::Route& route) {
  if (!route.filter_func.empty()) {
    return fail(ErrorCode::kInvalid,
                "filter_func is Lua, which this gateway does not run; say the same with `vars`, or leave it out");
  }
  if (!route.script.empty()) {
    return fail(ErrorCode::kInvalid, "script is Lua, which this gateway does not run; use plugins instead");
  }
  return {};
}

const resources::Service* service_of(const ResourceSet& set, const resources::Route& route) {
  const ServedService* served = route.service_id.empty() ? nullptr : set.services.find(route.service_id);
  return served ? &served->service : nullptr;
}

// The upstream that is referred to, by the route or else by its service; empty: none.
std::string upstream_id_of(const resources::Route& route, const resources::Service* service) {
  if (!route.upstream_id.empty() || route.upstream || !service) return route.upstream_id;
  return service->upstream_id;
}

std::vector<std::string> uses_of(const resources::Route& route, const resources::Service* service) {
  std::vector<std::string> uses;
  if (!route.service_id.empty()) uses.push_back("services/" + route.service_id);
  if (!route.plugin_config_id.empty()) uses.push_back("plugin_configs/" + route.plugin_config_id);
  if (std::string id = upstream_id_of(route, service); !id.empty()) uses.push_back("upstreams/" + id);
  return uses;
}

json::Object merged_plugins(const ResourceSet& set, const resources::Route& route, const resources::Service* service) {
  const resources::PluginConfig* config =
      route.plugin_config_id.empty() ? nullptr : set.plugin_configs.find(route.plugin_config_id);
  return chain::merge_plugins(service ? to_object(service->plugins) : json::Object(),
                              config ? to_object(config->plugins) : json::Object(), to_object(route.plugins));
}

route::RuleSource rule_source_of(const resources::Route& route, const resources::Service* service) {
  route::RuleSource source;
  source.uris = route.uris;
  source.hosts = route.hosts.empty() && service ? service->hosts : route.hosts;
  source.methods = route.methods;
  source.remote_addrs = route.remote_addrs;
  source.vars = route.vars;
  source.priority = route.priority;
  return source;
}

std::optional<Refusal> missing_part(const ResourceSet& set, const resources::Route& route) {
  if (!route.plugin_config_id.empty() && !set.plugin_configs.find(route.plugin_config_id)) {
    return Refusal{503, "the plugin config of this route is missing", "plugin_config_missing"};
  }
  if (!route.service_id.empty() && !set.services.find(route.service_id)) {
    return Refusal{404, "the service of this route is missing", "service_missing"};
  }
  return std::nullopt;
}

// Where the plan forwards to, or why nowhere.
void choose_cluster(Plan& plan, const ResourceSet& set, const CompiledRoute& compiled) {
  const resources::Route& route = compiled.route;
  const ServedService* service = route.service_id.empty() ? nullptr : set.services.find(route.service_id);
  if (std::string id = upstream_id_of(route, service ? &service->service : nullptr); !id.empty()) {
    plan.cluster = set.upstreams.share(id);
    if (!plan.cluster) plan.no_upstream = Refusal{502, "the upstream of this route is missing", "upstream_missing"};
    return;
  }
  plan.cluster = compiled.own_cluster || !service ? compiled.own_cluster : service->own_cluster;
  if (!plan.cluster) plan.no_upstream = Refusal{503, "this route has no upstream", "no_upstream"};
}

Result<std::shared_ptr<const route::RouteRule>> compile_rule(const route::RuleSource& source, route::RouterKind router,
                                                             const CompiledRoute* previous) {
  if (previous && previous->rule_source == source) return previous->rule;
  TRY(route::RouteRule rule, route::RouteRule::compile(source, router));
  return std::make_shared<const route::RouteRule>(std::move(rule));
}

// The chain of the plan before, if it has the plugins of this one; else null.
chain::ChainPtr kept_chain(const ResourceSet& set, const CompiledRoute& compiled, const ServedRoute* previous) {
  if (!previous || !previous->entry || previous->global != set.global_links) return nullptr;
  if (previous->compiled->plugins != compiled.plugins) return nullptr;
  return static_cast<const Plan&>(*previous->entry->target).chain;
}

PlanPtr make_plan(const ResourceSet& set, const CompiledRoute& compiled, chain::ChainPtr kept) {
  const resources::Route& route = compiled.route;
  const resources::Service* service = service_of(set, route);
  auto plan = std::make_shared<Plan>();
  plan->route_id = route.id;
  plan->route_name = route.name;
  if (service) {
    plan->service_id = service->id;
    plan->service_name = service->name;
  }
  plan->chain = std::move(kept);
  if (!plan->chain) plan->chain = std::make_shared<const chain::Chain>(*set.global_links, links_of(*compiled.plugins));
  choose_cluster(*plan, set, compiled);
  if (plan->cluster) plan->timeouts = plan->cluster->timeouts();
  if (route.timeout) plan->timeouts = *route.timeout;
  plan->enable_websocket = route.enable_websocket.value_or(service && service->enable_websocket.value_or(false));
  plan->refusal = missing_part(set, route);
  return plan;
}

}  // namespace

Result<upstream::ClusterPtr> compile_own_cluster(const std::optional<resources::Upstream>& upstream, std::string key,
                                                 const std::optional<resources::Upstream>& previous_source,
                                                 const upstream::ClusterPtr& previous,
                                                 const upstream::ForbiddenAddresses& forbidden) {
  if (!upstream) return nullptr;
  if (previous && previous_source == upstream) return previous;
  return upstream::Cluster::compile(*upstream, std::move(key), forbidden);
}

Task<Result<CompiledRoutePtr>> compile_route(const CompileContext& context, const ResourceSet& set,
                                             resources::Route route, CompiledRoutePtr previous) {
  CO_TRY_STATUS(refuse_lua(route));
  const resources::Service* service = service_of(set, route);
  const std::string key = "routes/" + route.id;

  auto made = std::make_shared<CompiledRoute>();
  made->uses = uses_of(route, service);
  made->rule_source = rule_source_of(route, service);
  CO_TRY(made->rule, compile_rule(made->rule_source, context.router, previous.get()));
  CO_TRY(made->own_cluster, compile_own_cluster(route.upstream, key, previous ? previous->route.upstream : std::nullopt,
                                                previous ? previous->own_cluster : nullptr, context.forbidden));
  json::Object plugins = merged_plugins(set, route, service);
  auto compiled = co_await compile_plugins(context.catalog, std::move(plugins), key,
                                           previous ? previous->plugins : nullptr, context.reuse);
  if (!compiled) co_return fail(std::move(compiled).error());
  made->plugins = std::move(*compiled);
  made->route = std::move(route);
  co_return made;
}

std::shared_ptr<const ServedRoute> serve_route(const ResourceSet& set, CompiledRoutePtr compiled, std::uint64_t order,
                                               const ServedRoute* previous) {
  auto served = std::make_shared<ServedRoute>();
  served->order = order;
  served->global = set.global_links;
  if (compiled->route.enabled) {
    auto entry = std::make_shared<route::RouteEntry>();
    entry->rule = compiled->rule;
    entry->order = order;
    entry->target = make_plan(set, *compiled, kept_chain(set, *compiled, previous));
    served->entry = std::move(entry);
  }
  served->compiled = std::move(compiled);
  return served;
}

}  // namespace sallyport::snapshot
