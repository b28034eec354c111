#include "app/settings_parts.h"
#include "base/bytes.h"
#include "base/ip_range.h"
#include "http/field_name.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::string_view kWithoutVersion = "APISIX";

void read_resolver(Section& apisix, ResolverSettings& resolver) {
  apisix.read("dns_resolver", resolver.servers);
  for (const std::string& server : resolver.servers) {
    const auto colon = server.rfind(':');
    const bool has_port = colon != std::string::npos && (server.find(':') == colon || server[colon - 1] == ']');
    const std::string_view port = has_port ? std::string_view(server).substr(colon + 1) : "53";
    if (!IpAddress::parse(std::string_view(server).substr(0, has_port ? colon : server.size())) ||
        parse_unsigned(port).value_or(65536) > 65535) {
      apisix.error("dns_resolver", fmt::format("names {}, which is no IP address; write ip or ip:port", server));
    }
  }
  if (apisix.has("dns_resolver_valid")) {
    std::chrono::milliseconds valid{0};
    apisix.read("dns_resolver_valid", valid);
    resolver.valid_for = std::chrono::duration_cast<std::chrono::seconds>(valid);
  }
  apisix.read("resolver_timeout", resolver.timeout);
}

void read_routing(Section& apisix, RoutingSettings& routing) {
  Section router = apisix.section("router");
  router.read_choice<route::RouterKind>("http", routing.router,
                                        {{"radixtree_host_uri", route::RouterKind::kHostUri},
                                         {"radixtree_uri", route::RouterKind::kUri},
                                         {"radixtree_uri_with_parameter", route::RouterKind::kUriWithParameter}});
  router.finish({"ssl"});
  apisix.read("delete_uri_tail_slash", routing.delete_uri_tail_slash);
  apisix.read("match_uri_encoded_slash", routing.match_uri_encoded_slash);
}

void read_server_header(Section& apisix, std::string& header) {
  bool with_version = true;
  apisix.read("enable_server_tokens", with_version);
  if (!with_version) header = kWithoutVersion;
  apisix.read("server_header", header);
  if (!http::is_field_value(header)) apisix.error("server_header", "must be one line without control characters");
}

// How long what was fetched is used, by the names of APISIX's cache; its sizes are not needed.
void read_secrets(Section lru, source::SecretKeeper::Times& times) {
  Section secret = lru.section("secret");
  secret.read("ttl", times.keep);
  secret.read("neg_ttl", times.longest_wait);
  for (const auto& [name, time] : {std::pair("ttl", times.keep), std::pair("neg_ttl", times.longest_wait)}) {
    if (time < std::chrono::seconds(1)) secret.error(name, "must be a second at least");
  }
  secret.finish({"count", "neg_count"});
  lru.finish({});
}

// The layout of version 2, which recipes still show.
void read_former_layout(Section& apisix, Settings& settings) {
  read_admin(apisix, settings.admin);
  read_listen(apisix, "port_admin", settings.admin.listen);
  const Setting center = apisix.at("config_center");
  if (!center.value) return;
  if (*center.value == json::Value("yaml")) {
    settings.store.kind = StoreKind::kYaml;
  } else if (*center.value == json::Value("etcd")) {
    refuse_etcd(apisix, "config_center");
  } else {
    apisix.error("config_center", "has an unknown value; choose yaml, or remove the line");
  }
}

}  // namespace

void read_apisix(Section apisix, Settings& settings) {
  apisix.read("enable_ipv6", settings.ipv6);
  listen_everywhere(9080, settings.ipv6, settings.listen);
  read_listens(apisix, "node_listen", settings.ipv6, settings.listen);
  read_listen(apisix, "status", settings.status_listen);
  apisix.read("enable_admin", settings.admin.enabled);
  apisix.read("enable_control", settings.control.enabled);
  read_listen(apisix, "control", settings.control.listen);
  apisix.read("show_upstream_status_in_response_header", settings.show_upstream_status);
  bool without_checks = false;
  apisix.read("disable_upstream_healthcheck", without_checks);
  settings.health_checks = !without_checks;
  read_networks(apisix, "trusted_addresses", settings.client.trusted_addresses);
  read_server_header(apisix, settings.server_header);
  read_resolver(apisix, settings.resolver);
  read_routing(apisix, settings.routing);
  read_buffer_size(apisix, settings.read_buffer_size);
  read_http1(apisix.section("http1"), settings.http1.head);
  read_clients(apisix.section("clients"), settings.limits);
  read_overload(apisix.section("overload"), settings.overload);
  apisix.read("enable_http2", settings.http2.enabled);
  read_http2(apisix.section("http2"), settings.http2.limits);
  read_ssl(apisix.section("ssl"), settings.ipv6, settings.ssl);
  read_proxy_protocol(apisix.section("proxy_protocol"), settings);
  std::string& trusted = settings.ssl.trusted_certificates;
  if (trusted != "system") trusted = below_prefix(settings, trusted);
  read_secrets(apisix.section("lru"), settings.secrets);
  read_former_layout(apisix, settings);
  apisix.at("plugins");  // read_plugins knows this place too
  apisix.finish({"proxy_mode",
                 "stream_proxy",
                 "proxy_cache",
                 "normalize_uri_like_servlet",
                 "extra_lua_path",
                 "extra_lua_cpath",
                 "lua_module_hook",
                 "enable_debug",
                 "enable_dev_mode",
                 "enable_reuseport",
                 "data_encryption",
                 "disable_sync_configuration_during_start",
                 "events",
                 "tracing",
                 "id",
                 "https_admin",
                 "admin_api_mtls",
                 "admin_api_version",
                 "max_post_args_readable_size",
                 "enable_resolv_search_opt",
                 "worker_startup_time_threshold",
                 "enable_http3_in_server_context"});
}

}  // namespace sallyport::app
