#include "app/settings_parts.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

enum class Provider { kNotGiven, kEmbedded, kYaml, kOther };

constexpr std::string_view kInstead =
    "choose `yaml` (resources from apisix.yaml beside this file) or `embedded` (resources in a database of the "
    "gateway's own, the default)";

// The provider that a section role_x names, after noting what cannot be served.
Provider read_provider(Section role) {
  std::string provider;
  role.read("config_provider", provider);
  role.finish({"control_plane"});
  if (provider.empty()) return Provider::kNotGiven;
  if (provider == "embedded") return Provider::kEmbedded;
  if (provider == "yaml") return Provider::kYaml;
  if (provider == "etcd") {
    refuse_etcd(role, "config_provider");
  } else {
    role.error("config_provider", fmt::format("is {}, which this version cannot read; {}", provider, kInstead));
  }
  return Provider::kOther;
}

// A data plane has no Admin API, as in APISIX, whatever apisix.enable_admin says.
void close_admin(Section& deployment, Provider provider, Settings& settings) {
  settings.admin.enabled = false;
  if (deployment.has("admin")) {
    deployment.warn("admin", "has no effect: deployment.role is data_plane, which has no Admin API");
  }
  if (provider != Provider::kOther && settings.store.kind == StoreKind::kEmbedded) {
    deployment.warn("role",
                    "is data_plane, which has no Admin API, so that nobody can write the embedded store; set "
                    "role_data_plane.config_provider to yaml, or role to traditional");
  }
}

Provider read_role(Section& deployment, const std::string& role) {
  Provider chosen = Provider::kNotGiven;
  for (std::string_view name : {"traditional", "data_plane", "control_plane"}) {
    const std::string key = fmt::format("role_{}", name);
    Section section = deployment.section(key);
    if (role == name) {
      chosen = read_provider(std::move(section));
    } else if (deployment.has(key)) {
      deployment.warn(key, fmt::format("has no effect, because deployment.role is {}", role));
    }
  }
  if (role == "control_plane") {
    deployment.error("role", "is control_plane, which needs etcd; choose traditional or data_plane");
  } else if (role != "traditional" && role != "data_plane") {
    deployment.error("role", fmt::format("is {}; choose traditional or data_plane", role));
  }
  return chosen;
}

}  // namespace

void read_deployment(Section deployment, Settings& settings) {
  std::string role = "traditional";
  deployment.read("role", role);
  const Provider provider = read_role(deployment, role);
  if (provider == Provider::kYaml) settings.store.kind = StoreKind::kYaml;
  if (provider == Provider::kEmbedded) settings.store.kind = StoreKind::kEmbedded;

  const bool store_is_chosen = provider != Provider::kNotGiven || settings.store.kind != StoreKind::kEmbedded;
  Section etcd = deployment.section("etcd");
  if (etcd.has("host") && !store_is_chosen) {
    refuse_etcd(etcd, "host");
  } else if (deployment.has("etcd") && provider != Provider::kOther) {
    deployment.warn("etcd", "is not honoured by this version and has no effect");
  }

  Section embedded = deployment.section("embedded");
  std::string path = settings.store.embedded_path;
  embedded.read("path", path);
  embedded.finish();
  settings.store.embedded_path = below_prefix(settings, path);

  Section admin = deployment.section("admin");
  read_admin(admin, settings.admin);
  admin.read("reachable_through_routes", settings.admin.reachable_through_routes);
  admin.finish({"https_admin", "admin_api_mtls", "admin_api_version", "enable_admin_ui"});
  if (role == "data_plane") close_admin(deployment, provider, settings);
  deployment.finish({"certs"});
}

void refuse_etcd(Section& section, std::string_view key) {
  section.error(key,
                fmt::format("asks for etcd, which this version cannot read, so the gateway would start without "
                            "routes; change this line: {}",
                            section.has("host") ? "remove the section, and resources are kept in a database of the "
                                                  "gateway's own, or set config_provider to yaml"
                                                : kInstead));
}

}  // namespace sallyport::app
