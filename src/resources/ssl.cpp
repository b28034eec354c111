#include "resources/ssl.h"

#include "resources/references.h"

#include <cstddef>

namespace sallyport::resources {
namespace {

std::vector<std::string> texts(const json::Value& value, std::string_view member) {
  std::vector<std::string> all;
  const json::Value* list = value.find(member);
  if (!list) return all;
  for (const json::Value& text : list->array()) all.push_back(text.string());
  return all;
}

std::size_t size_of(const json::Value& value, std::string_view member) {
  const json::Value* list = value.find(member);
  return list ? list->array().size() : 0;
}

std::optional<Ssl::Client> client_from(const json::Value& value) {
  const json::Value* client = value.find("client");
  if (!client) return std::nullopt;
  return Ssl::Client{client->string_or("ca", ""), client->integer_or("depth", 1),
                     texts(*client, "skip_mtls_uri_regex")};
}

std::optional<Ssl::OcspStapling> ocsp_stapling_from(const json::Value& value) {
  const json::Value* stapling = value.find("ocsp_stapling");
  if (!stapling || !stapling->boolean_or("enabled", false)) return std::nullopt;
  return Ssl::OcspStapling{stapling->boolean_or("skip_verify", false), stapling->integer_or("cache_ttl", 3600),
                           stapling->string_or("responder_url", "")};
}

}  // namespace

Ssl ssl_from(const json::Value& value) {
  Ssl ssl;
  ssl.id = id_text(value);
  ssl.type = value.string_or("type", "server") == "client" ? SslType::kClient : SslType::kServer;
  ssl.enabled = value.integer_or("status", 1) == 1;
  ssl.names = texts(value, "snis");
  if (value.find("sni")) ssl.names.push_back(value.string_or("sni", ""));
  ssl.pairs.push_back({value.string_or("cert", ""), value.string_or("key", "")});
  std::vector<std::string> certs = texts(value, "certs"), keys = texts(value, "keys");
  for (std::size_t i = 0; i < certs.size() && i < keys.size(); ++i) ssl.pairs.push_back({certs[i], keys[i]});
  ssl.client = client_from(value);
  ssl.protocols = texts(value, "ssl_protocols");
  ssl.ocsp_stapling = ocsp_stapling_from(value);
  return ssl;
}

Status check_ssl_rules(const json::Value& ssl) {
  if (size_of(ssl, "certs") == size_of(ssl, "keys")) return {};
  return fail(ErrorCode::kInvalid, "mismatched number of 'certs' and 'keys'");
}

bool has_private_keys(Kind kind, const json::Value& resource) {
  if (kind == Kind::kSsl || kind == Kind::kSecret) return true;
  const json::Value* upstream = kind == Kind::kUpstream ? &resource : resource.find("upstream");
  const json::Value* tls = upstream ? upstream->find("tls") : nullptr;
  return tls && tls->find("client_key");
}

json::Value without_private_keys(Kind kind, json::Value resource) {
  if (!has_private_keys(kind, resource) || !resource.is_object()) return resource;
  if (kind == Kind::kSsl) {
    resource.object().erase("key");
    resource.object().erase("keys");
    return resource;
  }
  if (kind == Kind::kSecret) {
    if (!resource.string_or("token", "").starts_with('$')) resource.object().erase("token");
    return resource;
  }
  json::Value* upstream = kind == Kind::kUpstream ? &resource : resource.object().find("upstream");
  upstream->object().find("tls")->object().erase("client_key");
  return resource;
}

}  // namespace sallyport::resources
