#include "resources/upstream.h"

#include "json/schema.h"
#include "resources/members.h"
#include "resources/nodes.h"
#include "resources/references.h"

#include <algorithm>
#include <array>

namespace sallyport::resources {
namespace {

struct SchemeInfo {
  std::string_view name;
  std::uint16_t port;  // 0: none
};

// In the order of Scheme, PassHost and HashOn.
constexpr std::array kSchemes{SchemeInfo{"http", 80},   SchemeInfo{"https", 443}, SchemeInfo{"grpc", 80},
                              SchemeInfo{"grpcs", 443}, SchemeInfo{"tcp", 0},     SchemeInfo{"tls", 0},
                              SchemeInfo{"udp", 0},     SchemeInfo{"kafka", 0}};
constexpr std::array<std::string_view, 3> kPassHosts{"pass", "node", "rewrite"};
constexpr std::array<std::string_view, 5> kHashOns{"vars", "header", "cookie", "consumer", "vars_combinations"};

// The enumerator whose name the member has, the first where it has none.
template <class Enum, class List, class Name = std::identity>
Enum enumerator(const json::Value& value, std::string_view member, const List& names, Name name = {}) {
  std::string text = value.string_or(member, "");
  auto found = std::ranges::find(names, text, name);
  return found == names.end() ? Enum{} : static_cast<Enum>(found - names.begin());
}

KeepalivePool keepalive_pool_from(const json::Value& upstream) {
  KeepalivePool pool;
  const json::Value* written = upstream.find("keepalive_pool");
  if (!written) return pool;
  pool.size = written->integer_or("size", pool.size);
  pool.idle_timeout = milliseconds(written->number_or("idle_timeout", 60));
  pool.requests = written->integer_or("requests", pool.requests);
  return pool;
}

Status prefixed(std::string_view prefix, Status status) {
  if (!status) status.error().what.insert(0, prefix);
  return status;
}

// Addresses that the schema lets pass: ports in the keys of a map, IPv6 without brackets in a list.
Status check_nodes(const json::Value& upstream, std::string_view schema_prefix) {
  const json::Value* nodes = upstream.find("nodes");
  if (!nodes) return {};
  if (nodes->is_array()) {
    for (const json::Value& node : nodes->array()) {
      if (!is_ipv6(node.string_or("host", ""))) continue;
      return prefixed(schema_prefix, fail(ErrorCode::kInvalid, "IPv6 address must be enclosed with '[' and ']'"));
    }
  }
  TRY_STATUS(nodes_from(*nodes, Scheme::kHttp));
  return {};
}

// What `key` may be for each HashOn; none where any text will do.
const json::Schema* key_schema(HashOn hash_on) {
  static const json::Schema variable = json::Schema::must_compile(
      R"json({"type": "string", "pattern": "^((uri|server_name|server_addr|request_uri|remote_port|remote_addr|)json"
      R"json(query_string|host|hostname|mqtt_client_id)|arg_[0-9a-zA-z_-]+)$"})json");
  static const json::Schema field =
      json::Schema::must_compile(R"json({"type": "string", "pattern": "^[a-zA-Z0-9-_]+$"})json");
  if (hash_on == HashOn::kVars) return &variable;
  return hash_on == HashOn::kHeader || hash_on == HashOn::kCookie ? &field : nullptr;
}

Status check_hash_key(const json::Value& upstream, std::string_view schema_prefix) {
  if (upstream.string_or("type", "") != "chash") return {};
  auto hash_on = enumerator<HashOn>(upstream, "hash_on", kHashOns);
  const json::Value* key = upstream.find("key");
  if (hash_on == HashOn::kConsumer) return {};
  if (!key) return fail(ErrorCode::kInvalid, "missing key");
  const json::Schema* schema = key_schema(hash_on);
  return schema ? prefixed(schema_prefix, schema->check(*key)) : Status{};
}

}  // namespace

std::optional<std::uint16_t> default_port(Scheme scheme) noexcept {
  std::uint16_t port = kSchemes[static_cast<std::size_t>(scheme)].port;
  return port == 0 ? std::nullopt : std::optional(port);
}

std::string_view name_of(Scheme scheme) noexcept { return kSchemes[static_cast<std::size_t>(scheme)].name; }

std::optional<Timeouts> timeouts_from(const json::Value& resource) {
  const json::Value* written = resource.find("timeout");
  if (!written) return std::nullopt;
  return Timeouts{milliseconds(written->number_or("connect", 60)), milliseconds(written->number_or("send", 60)),
                  milliseconds(written->number_or("read", 60))};
}

Result<Upstream> upstream_from(const json::Value& value) {
  Upstream upstream;
  upstream.id = id_text(value);
  upstream.name = value.string_or("name", "");
  upstream.scheme = enumerator<Scheme>(value, "scheme", kSchemes, &SchemeInfo::name);
  TRY(upstream.nodes, nodes_from(value_of(value, "nodes"), upstream.scheme));
  upstream.type = value.string_or("type", upstream.type);
  upstream.hash_on = enumerator<HashOn>(value, "hash_on", kHashOns);
  upstream.key = value.string_or("key", "");
  upstream.speaks_http2 = value.string_or("http_version", "") == "2";
  upstream.pass_host = enumerator<PassHost>(value, "pass_host", kPassHosts);
  upstream.upstream_host = value.string_or("upstream_host", "");
  upstream.timeout = timeouts_from(value).value_or(Timeouts{});
  if (value.find("retries")) upstream.retries = value.integer_or("retries", 0);
  upstream.retry_timeout = milliseconds(value.number_or("retry_timeout", 0));
  upstream.keepalive_pool = keepalive_pool_from(value);
  upstream.slow_start = milliseconds(value.number_or("slow_start", 0));
  upstream.service_name = value.string_or("service_name", "");
  upstream.discovery_type = value.string_or("discovery_type", "");
  upstream.discovery_args = value_of(value, "discovery_args");
  upstream.checks = health_checks_from(value);
  upstream.tls = value_of(value, "tls");
  return upstream;
}

Result<std::optional<Upstream>> inner_upstream_from(const json::Value& resource) {
  const json::Value* written = resource.find("upstream");
  if (!written) return std::nullopt;
  return upstream_from(*written);
}

Status check_upstream_rules(const json::Value& upstream, std::string_view schema_prefix) {
  TRY_STATUS(check_nodes(upstream, schema_prefix));
  if (upstream.string_or("pass_host", "") == "rewrite" && upstream.string_or("upstream_host", "").empty()) {
    return fail(ErrorCode::kInvalid, "`upstream_host` can't be empty when `pass_host` is `rewrite`");
  }
  TRY_STATUS(prefixed(schema_prefix, check_health_check_rules(upstream)));
  return check_hash_key(upstream, schema_prefix);
}

}  // namespace sallyport::resources
