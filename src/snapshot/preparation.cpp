#include "snapshot/preparation.h"

#include "resources/environment_references.h"
#include "resources/kinds.h"
#include "snapshot/server_rules.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

namespace sallyport::snapshot {
namespace {

using resources::Kind;

// What others refer to goes before what refers to it, so that each route is compiled once.
constexpr std::array kOrder{Kind::kSsl,     Kind::kUpstream,   Kind::kPluginConfig,
                            Kind::kService, Kind::kGlobalRule, Kind::kRoute};

std::size_t rank_of(const Item& item) {
  const resources::KindInfo* info = resources::find_kind(item.kind);
  if (!info) return kOrder.size();
  return static_cast<std::size_t>(std::ranges::find(kOrder, info->kind) - kOrder.begin());
}

// Whether routes take the same over from both when they are compiled; what else there is, their plans take.
bool has_same_parts(const resources::Service& one, const resources::Service& other) {
  return one.plugins == other.plugins && one.hosts == other.hosts && one.upstream_id == other.upstream_id;
}

std::vector<std::shared_ptr<const std::string>> listed(const ResourceSet::Ids& ids) {
  std::vector<std::shared_ptr<const std::string>> all;
  ids.for_each([&](std::string_view, const auto& id) { all.push_back(id); });
  return all;
}

}  // namespace

Task<void> Preparation::run(std::vector<Item> items) {
  std::array<std::vector<Item*>, kOrder.size() + 1> by_rank;
  for (Item& item : items) by_rank[rank_of(item)].push_back(&item);
  for (Item* item : by_rank | std::views::join) {
    std::string kind = item->kind, id = item->id;
    Status taken = co_await take(std::move(*item));
    if (!taken) rejected_.push_back({std::move(kind), std::move(id), std::move(taken).error()});
  }
  if (ssls_changed_) set_.renew_certificates();
  co_await compile_touched();
  co_await try_unused_plugins();
  for (Rejected& rejected : rejected_) {
    for (const auto& [written, used] : resolved_) {
      rejected.error = resources::told_without_values(std::move(rejected.error), written, used).error();
    }
  }
}

// The value, checked, with what its references stand for and with its defaults.
Result<json::Value> Preparation::complete(Kind kind, const json::Value& value) {
  TRY(json::Value used, resources::with_environment(kind, value));
  TRY(used, resources::with_secrets(kind, std::move(used), context_.secrets));
  if (used != value) resolved_.emplace_back(value, used);
  if (Status checked = resources::check(kind, used); !checked) {
    return resources::told_without_values(std::move(checked).error(), value, used);
  }
  resources::schema(kind).fill_defaults(used);
  return used;
}

void Preparation::remember_secrets(Kind kind, const Item& item) {
  const std::pair key(item.kind, item.id);
  if (item.value && !resources::secret_references_in(kind, *item.value).empty()) {
    set_.secret_users[key] = std::make_shared<const json::Value>(*item.value);
  } else {
    set_.secret_users.erase(key);
  }
}

Task<Status> Preparation::take(Item item) {
  const resources::KindInfo* info = resources::find_kind(item.kind);
  if (!info) co_return Status();
  remember_secrets(info->kind, item);
  if (item.value) {
    CO_TRY(item.value, complete(info->kind, *item.value));
  }
  switch (info->kind) {
    case Kind::kRoute:
      co_return take_route(item.id, item.value);
    case Kind::kService:
      co_return take_service(item.id, item.value);
    case Kind::kUpstream:
      co_return take_upstream(item.id, item.value);
    case Kind::kPluginConfig:
      co_return take_plugin_config(item.id, item.value);
    case Kind::kSsl:
      co_return take_ssl(item.id, item.value);
    case Kind::kGlobalRule:
      co_return co_await take_global_rule(std::move(item.id), std::move(item.value));
    case Kind::kSecret:  // whoever fetches secrets looks for their managers in the store
      break;
  }
  co_return Status();
}

Status Preparation::take_route(const std::string& id, const std::optional<json::Value>& value) {
  if (!value) {
    written_.erase(id);
    touched_.set(id, nullptr);
    set_.put_route(id, nullptr);
    return {};
  }
  TRY(resources::Route route, resources::route_from(*value));
  route.id = id;
  const ServedRoute* old = set_.routes.find(id);
  auto known = written_.find(id);
  std::uint64_t order = old ? old->order : known != written_.end() ? known->second.order : ++set_.last_order;
  written_.insert_or_assign(id, Written{std::make_shared<const resources::Route>(std::move(route)), order});
  touched_.set(id, std::make_shared<std::string>(id));
  return {};
}

Status Preparation::take_service(const std::string& id, const std::optional<json::Value>& value) {
  const std::shared_ptr<const ServedService> old = set_.services.share(id);
  std::shared_ptr<ServedService> served;
  if (value) {
    served = std::make_shared<ServedService>();
    TRY(served->service, resources::service_from(*value));
    served->service.id = id;
    if (!served->service.script.empty()) {
      return fail(ErrorCode::kInvalid, "script is Lua, which this gateway does not run; use plugins instead");
    }
    TRY(served->own_cluster,
        compile_own_cluster(served->service.upstream, "services/" + id, old ? old->service.upstream : std::nullopt,
                            old ? old->own_cluster : nullptr, context_.forbidden));
  }
  const bool parts_stay =
      old && served && context_.reuse == Reuse::kSameConf && has_same_parts(old->service, served->service);
  set_.put_checked("services/" + id, served ? served->own_cluster : nullptr);
  set_.services.set(id, std::move(served));
  services_.insert(id);
  touch_users("services/" + id, parts_stay ? replanned_ : touched_);
  return {};
}

Status Preparation::take_upstream(const std::string& id, const std::optional<json::Value>& value) {
  upstream::ClusterPtr cluster;
  if (value) {
    TRY(resources::Upstream upstream, resources::upstream_from(*value));
    TRY(cluster, upstream::Cluster::compile(upstream, "upstreams/" + id, context_.forbidden));
  }
  set_.put_checked("upstreams/" + id, cluster);
  set_.upstreams.set(id, std::move(cluster));
  touch_users("upstreams/" + id, replanned_);
  return {};
}

Status Preparation::take_plugin_config(const std::string& id, const std::optional<json::Value>& value) {
  const std::shared_ptr<const resources::PluginConfig> old = set_.plugin_configs.share(id);
  std::shared_ptr<resources::PluginConfig> config;
  if (value) {
    TRY(resources::PluginConfig parsed, resources::plugin_config_from(*value));
    parsed.id = id;
    config = std::make_shared<resources::PluginConfig>(std::move(parsed));
  }
  const bool plugins_stay = old && config && context_.reuse == Reuse::kSameConf && old->plugins == config->plugins;
  set_.plugin_configs.set(id, std::move(config));
  plugin_configs_.insert(id);
  if (!plugins_stay) touch_users("plugin_configs/" + id, touched_);
  return {};
}

// A rule whose resource stays the same is kept.
Status Preparation::take_ssl(const std::string& id, const std::optional<json::Value>& value) {
  if (!value) {
    ssls_changed_ |= set_.ssls.erase(id) > 0;
    return {};
  }
  auto served = std::make_shared<ServedSsl>();
  served->ssl = resources::ssl_from(*value);
  served->ssl.id = id;
  auto old = set_.ssls.find(id);
  if (old != set_.ssls.end() && old->second->ssl == served->ssl) return {};
  TRY(CompiledSsl compiled, compile_ssl(served->ssl));
  served->rule = std::move(compiled.rule);
  served->identity = std::move(compiled.identity);
  if (!compiled.warnings.empty()) warnings_["ssls/" + id] = std::move(compiled.warnings);
  set_.ssls.insert_or_assign(id, std::move(served));
  ssls_changed_ = true;
  return {};
}

Task<Status> Preparation::take_global_rule(std::string id, std::optional<json::Value> value) {
  if (!value) {
    set_.global_rules.erase(id);
    globals_changed_ = true;
    co_return Status();
  }
  CO_TRY(resources::GlobalRule rule, resources::global_rule_from(*value));
  rule.id = std::move(id);
  co_return co_await compile_global_rule(std::move(rule));
}

Task<Status> Preparation::compile_global_rule(resources::GlobalRule rule) {
  auto old = set_.global_rules.find(rule.id);
  CompiledPluginsPtr previous = old == set_.global_rules.end() ? nullptr : old->second->plugins;
  auto served = std::make_shared<ServedGlobalRule>();
  ChosenConfs confs = choose_confs({&rule.plugins});
  auto compiled = co_await compile_plugins(context_.catalog, context_.unknown_plugins, std::move(confs),
                                           "global_rules/" + rule.id, std::move(previous), context_.reuse);
  if (!compiled) co_return fail(std::move(compiled).error());
  served->plugins = std::move(*compiled);
  served->rule = std::move(rule);
  set_.global_rules.insert_or_assign(served->rule.id, served);
  globals_changed_ = true;
  co_return Status();
}

void Preparation::touch_users(const std::string& used, Ids& touched) {
  const Ids* ids = set_.used_by.find(used);
  if (!ids) return;
  if (touched.empty()) {
    touched = *ids;
  } else {
    ids->for_each([&](std::string_view id, const auto& shared) { touched.set(id, shared); });
  }
}

// Routes are taken in the order in which their map has them, which finds what is near in the memory, too.
Task<void> Preparation::compile_touched() {
  if (globals_changed_) set_.renew_globals();
  const std::size_t rejected_before = rejected_.size();
  const auto touched = listed(touched_);
  for (const auto& id : touched) {
    Status compiled = co_await compile_touched_route(*id);
    if (compiled) replanned_.set(*id, nullptr);
    if (!compiled) rejected_.push_back({"routes", *id, std::move(compiled).error()});
  }
  std::ranges::sort(rejected_.begin() + static_cast<std::ptrdiff_t>(rejected_before), rejected_.end(), {},
                    &Rejected::id);
  for (const auto& id : listed(replanned_)) plan_again(*id);
}

// The route as it was written now, or as it stands.
Task<Status> Preparation::compile_touched_route(std::string id) {
  std::shared_ptr<const ServedRoute> previous = set_.routes.share(id);
  auto written = written_.find(id);
  if (written == written_.end() && !previous) co_return Status();
  const bool is_written = written != written_.end();
  RoutePtr route = is_written ? written->second.route : previous->compiled->route;
  auto compiled =
      co_await compile_route(context_, set_, std::move(route), previous ? previous->compiled : CompiledRoutePtr());
  if (!compiled) co_return fail(std::move(compiled).error());
  const std::uint64_t order = is_written ? written->second.order : previous->order;
  set_.put_route(id, serve_route(set_, std::move(*compiled), order, previous.get()));
  co_return Status();
}

void Preparation::plan_again(const std::string& id) {
  std::shared_ptr<const ServedRoute> present = set_.routes.share(id);
  if (present) set_.put_route(id, serve_route(set_, present->compiled, present->order, present.get()));
}

// The plugins of services and plugin configs that no route uses yet are tried too, so that whoever writes them hears
// what is wrong.
Task<void> Preparation::try_unused_plugins() {
  for (const std::string& id : services_) {
    const ServedService* served = set_.used_by.find("services/" + id) ? nullptr : set_.services.find(id);
    if (served && !co_await try_plugins("services", id, served->service.plugins)) {
      const std::shared_ptr<const ServedService> before = base_.services.share(id);
      set_.put_checked("services/" + id, before ? before->own_cluster : nullptr);
      set_.services.set(id, before);
    }
  }
  for (const std::string& id : plugin_configs_) {
    const auto* config = set_.used_by.find("plugin_configs/" + id) ? nullptr : set_.plugin_configs.find(id);
    if (config && !co_await try_plugins("plugin_configs", id, config->plugins)) {
      set_.plugin_configs.set(id, base_.plugin_configs.share(id));
    }
  }
}

Task<bool> Preparation::try_plugins(std::string kind, std::string id, const resources::PluginConfs& plugins) {
  ChosenConfs confs = choose_confs({&plugins});
  auto compiled = co_await compile_plugins(context_.catalog, context_.unknown_plugins, std::move(confs),
                                           kind + "/" + id, nullptr, Reuse::kSameConf);
  if (compiled) co_return true;
  rejected_.push_back({std::move(kind), std::move(id), std::move(compiled).error()});
  co_return false;
}

}  // namespace sallyport::snapshot
