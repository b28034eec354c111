#include "app/gateway_options.h"

#include "admin/admin_keys.h"
#include "base/log.h"
#include "json/parse.h"
#include "plugins/native/native_plugins.h"
#include "plugins/wasm/wasm_plugin_types.h"
#include "resources/kinds.h"
#include "snapshot/resource_check.h"

#include <cstdio>

namespace sallyport::app {

namespace {

wire::ServerLimits client_limits(const Settings& settings) {
  const ClientSettings& client = settings.client;
  wire::ServerLimits limits;
  limits.head = settings.http1.head;
  limits.request_rate = settings.limits.request_rate;
  limits.response_rate = settings.limits.response_rate;
  limits.keep_alive = client.keepalive_timeout;
  limits.head_arrival = client.header_timeout;
  limits.body_piece = client.body_timeout;
  limits.send = client.send_timeout;
  return limits;
}

}  // namespace

upstream::ForbiddenAddresses forbidden_addresses(const Settings& settings,
                                                 const std::optional<std::vector<async::Address>>& bound) {
  if (settings.admin.reachable_through_routes) return {};
  if (bound) return upstream::ForbiddenAddresses(*bound);
  std::vector<async::Address> addresses;
  auto add = [&addresses](bool enabled, const Listen& listen) {
    auto address = async::Address::from_ip(listen.ip, listen.port);
    if (enabled && address) addresses.push_back(*address);
  };
  add(settings.admin.enabled, settings.admin.listen);
  add(settings.control.enabled, settings.control.listen);
  return upstream::ForbiddenAddresses(std::move(addresses));
}

Result<std::unique_ptr<tls::ServerContext>> tls_context(const Settings& settings) {
  const SslSettings& wanted = settings.ssl;
  if (!wanted.enabled) return nullptr;
  tls::ServerOptions options;
  options.protocols.least = wanted.tls12 ? tls::ProtocolVersion::kTls12 : tls::ProtocolVersion::kTls13;
  options.protocols.most = wanted.tls13 ? tls::ProtocolVersion::kTls13 : tls::ProtocolVersion::kTls12;
  options.ciphers = wanted.ciphers;
  options.fallback_name = wanted.fallback_sni;
  options.resumes_sessions = wanted.session_tickets;
  auto context = tls::ServerContext::open(options);
  if (!context) return fail_at("apisix.ssl.ssl_ciphers", std::move(context).error());
  return context;
}

Result<std::unique_ptr<tls::ClientContext>> tls_client_context(const Settings& settings) {
  auto context = tls::ClientContext::open(settings.ssl.trusted_certificates);
  if (!context) return fail_at("apisix.ssl.ssl_trusted_certificate", std::move(context).error());
  return context;
}

Result<WorkerOptions> worker_options(const Settings& settings, const upstream::ForbiddenAddresses& forbidden) {
  WorkerOptions options;
  options.resolver.servers = settings.resolver.servers;
  options.resolver.enable_ipv6 = settings.ipv6;
  options.balancer.forbidden = forbidden;
  options.balancer.resolve_timeout = settings.resolver.timeout;
  if (settings.resolver.valid_for) options.balancer.names_valid = *settings.resolver.valid_for;
  options.proxy.limits = client_limits(settings);
  options.proxy.http2 = settings.http2.limits;
  if (settings.routing.match_uri_encoded_slash) options.proxy.encoded_slash = http::EncodedSlash::kKeep;
  options.proxy.underscores = settings.client.underscores;
  options.proxy.drops_tail_slash = settings.routing.delete_uri_tail_slash;
  options.proxy.max_request_body = settings.client.max_body_bytes;
  options.proxy.server = settings.server_header;
  options.proxy.always_show_upstream_status = settings.show_upstream_status;
  for (const std::string& text : settings.client.trusted_addresses) {
    TRY(auto range, IpRange::parse(text));
    options.proxy.trusted.push_back(range);
  }
  return options;
}

upstream::ProberOptions prober_options(const WorkerOptions& workers) {
  return {workers.balancer.forbidden, workers.client_tls, workers.balancer.resolve_timeout,
          workers.balancer.names_valid};
}

snapshot::BuilderOptions builder_options(const Settings& settings, const upstream::ForbiddenAddresses& forbidden) {
  snapshot::BuilderOptions options;
  options.forbidden = forbidden;
  options.router = settings.routing.router;
  if (settings.store.kind == StoreKind::kEmbedded) options.unknown_plugins = snapshot::UnknownPlugins::kSkip;
  return options;
}

namespace {

wasm::SharedStateLimits state_limits(const WasmSettings& settings) {
  wasm::SharedStateLimits limits;
  limits.data.max_bytes = settings.shared_data.max_bytes;
  limits.data.max_keys = static_cast<std::uint64_t>(settings.shared_data.max_keys);
  bool evicts = settings.shared_data.eviction == Eviction::kLeastRecentlyUsed;
  limits.data.eviction = evicts ? wasm::Eviction::kLeastRecentlyUsed : wasm::Eviction::kNone;
  limits.queues.max_bytes = settings.shared_queues.max_bytes;
  limits.queues.max_items = static_cast<std::uint64_t>(settings.shared_queues.max_items);
  limits.max_metrics = static_cast<std::uint64_t>(settings.max_metrics);
  return limits;
}

}  // namespace

wasm::DeclaredPlugin declared_plugin(const WasmPluginSettings& from) {
  wasm::DeclaredPlugin plugin;
  plugin.name = from.name;
  plugin.root_id = from.root_id;
  plugin.priority = from.priority;
  plugin.file = from.file;
  plugin.is_fetched = from.source.has_value();
  plugin.where = from.where;
  if (!from.vm_config.is_null()) {
    plugin.vm_config = from.vm_config.is_string() ? from.vm_config.string() : json::print(from.vm_config);
  }
  plugin.settings = from.settings;
  return plugin;
}

std::unexpected<Error> without_engine(const WasmSettings& settings, Error why) {
  if (settings.engine_where.empty()) return fail(std::move(why));
  return fail_at(settings.engine_where + ": error", std::move(why));
}

wasm::WasmSettings wasm_settings(const Settings& settings, const SourceCache* fetched) {
  wasm::WasmSettings wasm;
  wasm.inline_enabled = settings.wasm.inline_enabled;
  wasm.prefix = settings.prefix;
  wasm.allowed_dirs = settings.wasm.allowed_dirs;
  wasm.defaults = settings.wasm.defaults;
  wasm.state_limits = state_limits(settings.wasm);
  for (const WasmPluginSettings& from : settings.wasm.plugins) {
    wasm::DeclaredPlugin plugin = declared_plugin(from);
    if (from.source && fetched) plugin.sha256 = fetched->find(*from.source);
    if (!plugin.sha256.empty()) plugin.file = fetched->path_of(plugin.sha256);
    wasm.plugins.push_back(std::move(plugin));
  }
  return wasm;
}

Status fill_catalog(chain::Catalog& catalog, const Settings& settings, std::shared_ptr<wasm::Runtime> runtime,
                    const SourceCache* fetched) {
  plugins::native::add_native_plugins(catalog);
  if (settings.plugins) catalog.keep_only(*settings.plugins);
  return wasm::add_wasm_plugins(catalog, wasm_settings(settings, fetched), std::move(runtime));
}

admin::LivePlugins::Settings live_settings(const Settings& settings) {
  admin::LivePlugins::Settings live;
  live.max_bytes = settings.wasm.uploads.max_bytes;
  live.keep_versions = static_cast<std::size_t>(settings.wasm.uploads.keep_versions);
  chain::Catalog natives;
  plugins::native::add_native_plugins(natives);
  for (const chain::PluginType* type : natives.by_priority()) live.reserved.emplace(type->name());
  live.reserved.emplace("wasm");
  return live;
}

std::shared_ptr<wasm::CodeCache> open_code_cache(const Settings& settings) {
  const WasmCodeCacheSettings& wanted = settings.wasm.code_cache;
  if (wanted.max_bytes == 0) return nullptr;
  auto cache = wasm::CodeCache::open(wanted.folder, wanted.max_bytes);
  if (cache) return std::move(*cache);
  log::warn("{}; each start compiles its plugins anew (wasm.code_cache)", cache.error().what);
  return nullptr;
}

std::string blob_folder(const StoreSettings& store) { return store.embedded_path + ".blobs"; }

Result<admin::ApiSettings> api_settings(const Settings& settings) {
  const AdminSettings& wanted = settings.admin;
  admin::ApiSettings api;
  api.cors = wanted.cors;
  api.server_header = settings.server_header;
  api.access.key_required = wanted.key_required;
  for (const std::string& range : wanted.allow_from) {
    TRY_STATUS(api.access.allow_from.add(range));
  }
  for (const AdminKey& key : wanted.keys) {
    auto role = key.role == AdminRole::kViewer ? admin::Role::kViewer : admin::Role::kAdmin;
    api.access.keys.push_back({key.name, key.key, role});
  }
  if (!wanted.enabled || !wanted.key_required || !wanted.keys.empty()) return api;
  TRY(auto kept, admin::keep_admin_key(wanted.key_file));
  if (kept.created) {
    std::fprintf(stderr, "sallyport: no admin key is configured; made one, kept in %s:\n  X-API-KEY: %s\n",
                 wanted.key_file.c_str(), kept.key.c_str());
  }
  api.access.keys.push_back({"admin", std::move(kept.key), admin::Role::kAdmin});
  return api;
}

Status check_item(const chain::Catalog& catalog, const store::Key& key, const json::Value& value) {
  const resources::KindInfo* info = resources::find_kind(key.kind);
  if (!info) return fail(ErrorCode::kInvalid, key.kind + " is not served");
  return snapshot::check_alone(catalog, info->kind, value, {});
}

}  // namespace sallyport::app
