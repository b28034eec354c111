#include "snapshot/route_compiler.h"

#include <algorithm>
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

ChosenConfs confs_of(const ResourceSet& set, const resources::Route& route, const resources::Service* service) {
  const resources::PluginConfig* config =
      route.plugin_config_id.empty() ? nullptr : set.plugin_configs.find(route.plugin_config_id);
  return choose_confs({service ? &service->plugins : nullptr, config ? &config->plugins : nullptr, &route.plugins});
}

const std::vector<std::string>& hosts_of(const resources::Route& route, const resources::Service* service) {
  return route.hosts.empty() && service ? service->hosts : route.hosts;
}

route::RuleSource rule_source_of(const resources::Route& route, const resources::Service* service) {
  route::RuleSource source;
  source.uris = route.uris;
  source.hosts = hosts_of(route, service);
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
  const resources::Route& route = *compiled.route;
  const ServedService* service = route.service_id.empty() ? nullptr : set.services.find(route.service_id);
  if (std::string id = upstream_id_of(route, service ? &service->service : nullptr); !id.empty()) {
    plan.cluster = set.upstreams.share(id);
    if (!plan.cluster) plan.no_upstream = Refusal{502, "the upstream of this route is missing", "upstream_missing"};
    return;
  }
  plan.cluster = compiled.own_cluster || !service ? compiled.own_cluster : service->own_cluster;
  if (!plan.cluster) plan.no_upstream = Refusal{503, "this route has no upstream", "no_upstream"};
}

// The rule of `made.route`, the one of `previous` where it asks for the same.
Status compile_rule(CompiledRoute& made, const resources::Service* service, route::RouterKind router,
                    const CompiledRoute* previous) {
  const bool is_same_route = previous && previous->route == made.route;
  if (is_same_route && previous->rule_source->hosts == hosts_of(*made.route, service)) {
    made.rule_source = previous->rule_source;
  } else {
    made.rule_source = std::make_shared<const route::RuleSource>(rule_source_of(*made.route, service));
  }
  if (previous && (previous->rule_source == made.rule_source || *previous->rule_source == *made.rule_source)) {
    made.rule = previous->rule;
    return {};
  }
  TRY(route::RouteRule rule, route::RouteRule::compile(*made.rule_source, router));
  made.rule = std::make_shared<const route::RouteRule>(std::move(rule));
  return {};
}

bool has_links(const CompiledPlugins& plugins) {
  return std::ranges::any_of(plugins, [](const auto& plugin) { return !plugin->links.empty(); });
}

// What is there already and has the plugins of this plan: of the plan before, or, for a route without plugins of its
// own, what all of those share. Else null.
std::shared_ptr<const PluginChains> kept_chains(const ResourceSet& set, const CompiledRoute& compiled,
                                                const ServedRoute* previous) {
  if (!has_links(*compiled.plugins)) return set.no_route->plugins;
  if (!previous || !previous->entry || previous->compiled->plugins != compiled.plugins) return nullptr;
  return static_cast<const Plan&>(*previous->entry->target).plugins;
}

PlanPtr make_plan(const ResourceSet& set, const CompiledRoute& compiled, std::shared_ptr<const PluginChains> kept) {
  const resources::Route& route = *compiled.route;
  const resources::Service* service = service_of(set, route);
  auto plan = std::make_shared<Plan>();
  plan->route_id = route.id;
  plan->route_name = route.name;
  if (service) {
    plan->service_id = service->id;
    plan->service_name = service->name;
  }
  plan->plugins = std::move(kept);
  if (!plan->plugins) plan->plugins = std::make_shared<const PluginChains>(compiled.plugins);
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

Task<Result<CompiledRoutePtr>> compile_route(const CompileContext& context, const ResourceSet& set, RoutePtr route,
                                             CompiledRoutePtr previous) {
  CO_TRY_STATUS(refuse_lua(*route));
  const resources::Service* service = service_of(set, *route);
  const std::string key = "routes/" + route->id;

  auto made = std::make_shared<CompiledRoute>();
  made->route = std::move(route);
  made->uses = uses_of(*made->route, service);
  CO_TRY_STATUS(compile_rule(*made, service, context.router, previous.get()));
  CO_TRY(made->own_cluster,
         compile_own_cluster(made->route->upstream, key, previous ? previous->route->upstream : std::nullopt,
                             previous ? previous->own_cluster : nullptr, context.forbidden));
  ChosenConfs confs = confs_of(set, *made->route, service);
  auto compiled = co_await compile_plugins(context.catalog, context.unknown_plugins, std::move(confs), key,
                                           previous ? previous->plugins : nullptr, context.reuse);
  if (!compiled) co_return fail(std::move(compiled).error());
  made->plugins = std::move(*compiled);
  co_return made;
}

std::shared_ptr<const ServedRoute> serve_route(const ResourceSet& set, CompiledRoutePtr compiled, std::uint64_t order,
                                               const ServedRoute* previous) {
  auto served = std::make_shared<ServedRoute>();
  served->order = order;
  if (compiled->route->enabled) {
    auto entry = std::make_shared<route::RouteEntry>();
    entry->rule = compiled->rule;
    entry->order = order;
    entry->target = make_plan(set, *compiled, kept_chains(set, *compiled, previous));
    served->entry = std::move(entry);
  }
  served->compiled = std::move(compiled);
  return served;
}

}  // namespace sallyport::snapshot
