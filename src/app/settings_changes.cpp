// What a change of the settings needs.

#include "app/settings.h"

#include <utility>

namespace sallyport::app {
namespace {

// The listeners that the file names: without the IPv6 twins, which apisix.enable_ipv6 brings.
std::vector<Listen> as_written(std::vector<Listen> listens, bool proxy_protocol) {
  std::erase_if(listens,
                [&](const Listen& listen) { return listen.optional || listen.proxy_protocol != proxy_protocol; });
  return listens;
}

}  // namespace

std::vector<std::string> changes_that_need_a_restart(const Settings& running, const Settings& next) {
  std::vector<std::string> names;
  auto compare = [&](const char* name, bool same) {
    if (!same) names.emplace_back(name);
  };
  // `member` tells of Settings what the key says.
  auto compare_as = [&](const char* name, auto member) { compare(name, member(running) == member(next)); };
  const AdminSettings& old_admin = running.admin;
  const AdminSettings& new_admin = next.admin;
  const ClientSettings& old_client = running.client;
  const ClientSettings& new_client = next.client;
  compare_as("apisix.node_listen", [](const Settings& of) { return as_written(of.listen, false); });
  compare_as("apisix.proxy_protocol", [](const Settings& of) {
    return std::pair(as_written(of.listen, true), as_written(of.ssl.listen, true));
  });
  compare_as("apisix.ssl", [](const Settings& of) {
    SslSettings ssl = of.ssl;
    ssl.listen = as_written(ssl.listen, false);
    return ssl;
  });
  compare("apisix.status", running.status_listen == next.status_listen);
  compare("apisix.read_buffer_size", running.read_buffer_size == next.read_buffer_size);
  compare("apisix.http1", running.http1 == next.http1);
  compare("apisix.http2", running.http2.limits == next.http2.limits);
  compare("apisix.enable_http2", running.http2.enabled == next.http2.enabled);
  compare("apisix.overload", running.overload == next.overload);
  compare("apisix.clients", running.limits == next.limits);
  compare("apisix.enable_ipv6", running.ipv6 == next.ipv6);
  compare("apisix.enable_server_tokens or server_header", running.server_header == next.server_header);
  compare("apisix.show_upstream_status_in_response_header", running.show_upstream_status == next.show_upstream_status);
  compare("apisix.disable_upstream_healthcheck", running.health_checks == next.health_checks);
  compare("apisix.trusted_addresses", old_client.trusted_addresses == new_client.trusted_addresses);
  compare("apisix.dns_resolver", running.resolver.servers == next.resolver.servers);
  compare("apisix.dns_resolver_valid", running.resolver.valid_for == next.resolver.valid_for);
  compare("apisix.resolver_timeout", running.resolver.timeout == next.resolver.timeout);
  compare("apisix.router", running.routing.router == next.routing.router);
  compare("apisix.delete_uri_tail_slash", running.routing.delete_uri_tail_slash == next.routing.delete_uri_tail_slash);
  compare("apisix.match_uri_encoded_slash",
          running.routing.match_uri_encoded_slash == next.routing.match_uri_encoded_slash);
  compare("apisix.enable_admin or deployment.role", old_admin.enabled == new_admin.enabled);
  compare("apisix.enable_control", running.control.enabled == next.control.enabled);
  compare("apisix.control", running.control.listen == next.control.listen);
  compare("deployment.admin.admin_listen", old_admin.listen == new_admin.listen);
  compare("deployment.admin.reachable_through_routes",
          old_admin.reachable_through_routes == new_admin.reachable_through_routes);
  compare("deployment.role or its config_provider", running.store.kind == next.store.kind);
  compare("deployment.embedded.path", running.store.embedded_path == next.store.embedded_path);
  compare("nginx_config.worker_processes", running.workers == next.workers);
  compare("nginx_config.worker_rlimit_nofile", running.descriptors == next.descriptors);
  compare("nginx_config.pid", running.pid_file == next.pid_file);
  compare("nginx_config.http.client_max_body_size", old_client.max_body_bytes == new_client.max_body_bytes);
  compare("nginx_config.http.keepalive_timeout", old_client.keepalive_timeout == new_client.keepalive_timeout);
  compare("nginx_config.http.client_header_timeout", old_client.header_timeout == new_client.header_timeout);
  compare("nginx_config.http.client_body_timeout", old_client.body_timeout == new_client.body_timeout);
  compare("nginx_config.http.send_timeout", old_client.send_timeout == new_client.send_timeout);
  compare("nginx_config.http.underscores_in_headers", old_client.underscores == new_client.underscores);
  compare("wasm.engine", running.wasm.engine == next.wasm.engine);
  compare("wasm.first_tier", running.wasm.first_tier == next.wasm.first_tier);
  compare("wasm.code_cache", running.wasm.code_cache == next.wasm.code_cache);
  compare("wasm.sources", running.wasm.sources == next.wasm.sources);
  compare("plugin_attr.prometheus", running.prometheus == next.prometheus);
  return names;
}

WasmSettings without_restart(const WasmSettings& running, WasmSettings next) {
  next.engine = running.engine;
  next.first_tier = running.first_tier;
  next.code_cache = running.code_cache;
  next.sources = running.sources;
  return next;
}

}  // namespace sallyport::app
