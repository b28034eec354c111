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
  return ssl;
}

Status check_ssl_rules(const json::Value& ssl) {
  if (size_of(ssl, "certs") == size_of(ssl, "keys")) return {};
  return fail(ErrorCode::kInvalid, "mismatched number of 'certs' and 'keys'");
}

json::Value without_keys(json::Value ssl) {
  if (!ssl.is_object()) return ssl;
  ssl.object().erase("key");
  ssl.object().erase("keys");
  return ssl;
}

}  // namespace sallyport::resources
