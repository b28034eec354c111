#include "resources/references.h"

#include <fmt/format.h>

#include <array>

namespace sallyport::resources {
namespace {

struct Link {
  Kind from;
  std::string_view member;
  Kind to;
};

constexpr std::array kLinks{
    Link{Kind::kRoute, "upstream_id", Kind::kUpstream},
    Link{Kind::kRoute, "service_id", Kind::kService},
    Link{Kind::kRoute, "plugin_config_id", Kind::kPluginConfig},
    Link{Kind::kService, "upstream_id", Kind::kUpstream},
};

}  // namespace

std::string id_text(const json::Value& resource, std::string_view member) {
  const json::Value* id = resource.find(member);
  if (!id) return "";
  if (id->is_string()) return id->string();
  return id->is_number() ? fmt::format("{}", id->integer()) : "";
}

std::vector<Reference> references_of(Kind kind, const json::Value& value) {
  std::vector<Reference> found;
  for (const Link& link : kLinks) {
    if (link.from != kind) continue;
    std::string id = id_text(value, link.member);
    if (!id.empty()) found.push_back({link.to, std::move(id)});
  }
  const json::Value* upstream = kind == Kind::kUpstream ? &value : value.find("upstream");
  const json::Value* tls = upstream ? upstream->find("tls") : nullptr;
  std::string certificate = tls ? id_text(*tls, "client_cert_id") : "";
  if (!certificate.empty()) found.push_back({Kind::kSsl, std::move(certificate)});
  return found;
}

std::string missing(const Reference& reference) {
  std::string_view name = info(reference.kind).name;
  return fmt::format("failed to fetch {} info by {} id [{}], response code: 404", name, name, reference.id);
}

std::string still_used(Kind removed, const Reference& by) {
  return fmt::format("can not delete this {}{}, {} [{}] is still using it now", info(removed).name,
                     removed == Kind::kService ? " directly" : "", info(by.kind).schema_name, by.id);
}

}  // namespace sallyport::resources
