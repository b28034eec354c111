#include "plugins/wasm/abi/attributes.h"

#include "base/bytes.h"
#include "plugins/wasm/abi/attribute_value.h"
#include "plugins/wasm/abi/peer_attributes.h"
#include "plugins/wasm/abi/response_flags.h"
#include "plugins/wasm/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace sallyport::wasm::abi {
namespace {

using namespace std::string_view_literals;
using exchange::Exchange;

struct Attribute {
  std::string_view path;
  Value (*read)(const HttpContext& http);
};

Value address_of(const Exchange& exchange, const exchange::Peer& peer) {
  if (peer.ip.empty()) return std::nullopt;
  bool is_ipv6 = peer.ip.find(':') != std::string_view::npos;
  return exchange.arena.copy(is_ipv6 ? fmt::format("[{}]:{}", peer.ip, peer.port)
                                     : fmt::format("{}:{}", peer.ip, peer.port));
}

std::string_view target_of(const Exchange& exchange) {
  return exchange.has_query ? exchange.arena.join(exchange.path, "?", exchange.query) : exchange.path;
}

std::string_view protocol_of(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2";
  }
  return {};
}

std::uint64_t size_of(const http::Headers& headers) {
  std::uint64_t bytes = 0;
  for (const http::Field& field : headers) bytes += field.name.size() + field.value.size();
  return bytes;
}

Value map_of(const http::Headers& headers) {
  PairsSize size;
  for (const http::Field& field : headers) size.add(field.name, field.value);
  char* block = static_cast<char*>(headers.arena().allocate(size.bytes));
  PairsWriter writer(block, size.count);
  for (const http::Field& field : headers) writer.add(field.name, field.value);
  return std::string_view(block, size.bytes);
}

// Every value of that name, joined by commas.
Value joined(const http::Headers& headers, std::string_view name) {
  Value all;
  for (const http::Field& field : headers) {
    if (!equals_ignoring_case(field.name, name)) continue;
    all = all ? headers.arena().join(*all, ",", field.value) : field.value;
  }
  return all;
}

Value only_with_response(const HttpContext& http, Value (*read)(const Exchange&)) {
  return http.has_response ? read(http.exchange) : std::nullopt;
}

Value request_size(const HttpContext& http) {
  const Exchange& exchange = http.exchange;
  bool is_sized = exchange.request.body.kind == http::BodyLength::Kind::kSized;
  return bytes_of(exchange, is_sized ? exchange.request.body.bytes : exchange.request_body_bytes);
}

Value request_duration(const HttpContext& http) {
  if (!http.ended) return std::nullopt;
  return duration_of(http.exchange, http.exchange.elapsed());
}

Value request_time(const HttpContext& http) {
  return bytes_of(
      http.exchange,
      static_cast<std::uint64_t>(std::chrono::nanoseconds(http.exchange.started_wall().time_since_epoch()).count()));
}

Value grpc_status(const HttpContext& http) {
  if (!http.has_response) return std::nullopt;
  constexpr std::string_view kField = "grpc-status";
  const http::Headers* trailers = http.exchange.response_trailers;
  auto text = trailers ? trailers->get(kField) : std::nullopt;
  if (!text) text = http.exchange.response.headers.get(kField);  // of an answer without a body
  auto status = text ? parse_unsigned(*text) : std::nullopt;
  return status ? bytes_of(http.exchange, *status) : std::nullopt;
}

Value code_details(const HttpContext& http) {
  if (!http.has_response) return std::nullopt;
  if (!http.exchange.answer_details.empty()) return http.exchange.answer_details;
  if (!http.exchange.reason.empty()) return http.exchange.reason;
  return http.exchange.response_source == exchange::ResponseSource::kUpstream ? "via_upstream"sv : "direct_response"sv;
}

Value route_name(const HttpContext& http) {
  const exchange::Matched& matched = http.exchange.matched;
  return text_if_any(matched.route_name.empty() ? matched.route_id : matched.route_name);
}

Value has_client_certificate(const HttpContext& http) {
  const exchange::ClientTls* tls = http.exchange.tls;
  return tls && !tls->subject.empty() ? "\1"sv : "\0"sv;
}

template <std::string exchange::ClientTls::* kMember>
Value of_tls(const HttpContext& http) {
  return http.exchange.tls ? text_if_any(http.exchange.tls->*kMember) : Value();
}

Value connection_id(const HttpContext& http) { return bytes_of(http.exchange, http.exchange.connection_id); }

Value listener_direction(const HttpContext& http) { return bytes_of(http.exchange, 1); }  // inbound

constexpr auto kLocal = Certificates::End::kLocal;
constexpr auto kPeer = Certificates::End::kPeer;
using Text = Certificates::Text;

// Sorted by path.
constexpr auto kAttributes = std::to_array<Attribute>({
    {"cluster_name", &cluster_name},
    {"connection\0dns_san_local_certificate"sv, &certificate<client_certificate, kLocal, Text::kDnsName>},
    {"connection\0dns_san_peer_certificate"sv, &certificate<client_certificate, kPeer, Text::kDnsName>},
    {"connection\0id"sv, &connection_id},
    {"connection\0mtls"sv, &has_client_certificate},
    {"connection\0requested_server_name"sv, &of_tls<&exchange::ClientTls::server_name>},
    {"connection\0sha256_peer_certificate_digest"sv, &certificate<client_certificate, kPeer, Text::kSha256>},
    {"connection\0subject_local_certificate"sv, &certificate<client_certificate, kLocal, Text::kSubject>},
    {"connection\0subject_peer_certificate"sv, &of_tls<&exchange::ClientTls::subject>},
    {"connection\0termination_details"sv, &termination_details},
    {"connection\0tls_version"sv, &of_tls<&exchange::ClientTls::protocol>},
    {"connection\0uri_san_local_certificate"sv, &certificate<client_certificate, kLocal, Text::kUri>},
    {"connection\0uri_san_peer_certificate"sv, &certificate<client_certificate, kPeer, Text::kUri>},
    {"connection_id", &connection_id},
    {"destination\0address"sv, [](const HttpContext& http) { return address_of(http.exchange, http.exchange.local); }},
    {"destination\0port"sv, [](const HttpContext& http) { return bytes_of(http.exchange, http.exchange.local.port); }},
    {"listener_direction", &listener_direction},
    {"request\0duration"sv, &request_duration},
    {"request\0headers"sv, [](const HttpContext& http) { return map_of(http.exchange.request.headers); }},
    {"request\0headers_bytes"sv,
     [](const HttpContext& http) { return bytes_of(http.exchange, size_of(http.exchange.request.headers)); }},
    {"request\0host"sv, [](const HttpContext& http) { return text_if_any(http.exchange.request.authority); }},
    {"request\0id"sv, [](const HttpContext& http) { return http.exchange.request.headers.get("x-request-id"); }},
    {"request\0method"sv, [](const HttpContext& http) { return Value(http.exchange.request.method); }},
    {"request\0path"sv, [](const HttpContext& http) { return Value(target_of(http.exchange)); }},
    {"request\0protocol"sv, [](const HttpContext& http) { return Value(protocol_of(http.exchange.request.version)); }},
    {"request\0query"sv, [](const HttpContext& http) { return Value(http.exchange.query); }},
    {"request\0referer"sv,
     [](const HttpContext& http) { return http.exchange.request.headers.get(http::FieldName::kReferer); }},
    {"request\0scheme"sv, [](const HttpContext& http) { return Value(http.exchange.scheme); }},
    {"request\0size"sv, &request_size},
    {"request\0time"sv, &request_time},
    {"request\0total_size"sv,
     [](const HttpContext& http) {
       return bytes_of(http.exchange, size_of(http.exchange.request.headers) + http.exchange.request_body_bytes);
     }},
    {"request\0url_path"sv, [](const HttpContext& http) { return Value(http.exchange.path); }},
    {"request\0useragent"sv,
     [](const HttpContext& http) { return http.exchange.request.headers.get(http::FieldName::kUserAgent); }},
    {"response\0backend_latency"sv,
     [](const HttpContext& http) { return duration_of(http.exchange, http.exchange.timing.upstream_header); }},
    {"response\0code"sv,
     [](const HttpContext& http) {
       return only_with_response(http, [](const Exchange& exchange) {
         return bytes_of(exchange, static_cast<std::uint64_t>(exchange.response.status));
       });
     }},
    {"response\0code_details"sv, &code_details},
    {"response\0flags"sv,
     [](const HttpContext& http) {
       return only_with_response(http, [](const Exchange& exchange) {
         auto flags = response_flags(exchange);
         return flags ? bytes_of(exchange, *flags) : Value();
       });
     }},
    {"response\0grpc_status"sv, &grpc_status},
    {"response\0headers"sv,
     [](const HttpContext& http) {
       return only_with_response(http, [](const Exchange& exchange) { return map_of(exchange.response.headers); });
     }},
    {"response\0size"sv,
     [](const HttpContext& http) {
       return only_with_response(
           http, [](const Exchange& exchange) { return bytes_of(exchange, exchange.response_body_bytes); });
     }},
    {"response\0total_size"sv,
     [](const HttpContext& http) {
       return only_with_response(http,
                                 [](const Exchange& exchange) { return bytes_of(exchange, exchange.response_bytes); });
     }},
    {"response\0trailers"sv,
     [](const HttpContext& http) {
       return http.exchange.response_trailers ? map_of(*http.exchange.response_trailers) : Value();
     }},
    {"route_name", &route_name},
    {"source\0address"sv, [](const HttpContext& http) { return address_of(http.exchange, http.exchange.client); }},
    {"source\0port"sv, [](const HttpContext& http) { return bytes_of(http.exchange, http.exchange.client.port); }},
    {"upstream\0address"sv, [](const HttpContext& http) { return text_if_any(http.exchange.endpoint.address); }},
    {"upstream\0cx_pool_ready_duration"sv,
     [](const HttpContext& http) { return duration_of(http.exchange, http.exchange.timing.upstream_ready); }},
    {"upstream\0dns_san_local_certificate"sv, &certificate<upstream_certificate, kLocal, Text::kDnsName>},
    {"upstream\0dns_san_peer_certificate"sv, &certificate<upstream_certificate, kPeer, Text::kDnsName>},
    {"upstream\0local_address"sv, &upstream_local_address},
    {"upstream\0num_endpoints"sv, &upstream_nodes},
    {"upstream\0port"sv,
     [](const HttpContext& http) {
       return http.exchange.endpoint.address.empty() ? Value() : bytes_of(http.exchange, http.exchange.endpoint.port);
     }},
    {"upstream\0request_attempt_count"sv,
     [](const HttpContext& http) { return bytes_of(http.exchange, http.exchange.tries); }},
    {"upstream\0sha256_peer_certificate_digest"sv, &certificate<upstream_certificate, kPeer, Text::kSha256>},
    {"upstream\0subject_local_certificate"sv, &certificate<upstream_certificate, kLocal, Text::kSubject>},
    {"upstream\0subject_peer_certificate"sv, &certificate<upstream_certificate, kPeer, Text::kSubject>},
    {"upstream\0tls_version"sv, &upstream_tls_version},
    {"upstream\0transport_failure_reason"sv, &upstream_failure},
    {"upstream\0uri_san_local_certificate"sv, &certificate<upstream_certificate, kLocal, Text::kUri>},
    {"upstream\0uri_san_peer_certificate"sv, &certificate<upstream_certificate, kPeer, Text::kUri>},
    {"xds\0cluster_name"sv, &cluster_name},
    {"xds\0listener_direction"sv, &listener_direction},
    {"xds\0route_name"sv, &route_name},
    {"xds\0virtual_host_name"sv, [](const HttpContext& http) { return text_if_any(http.exchange.matched.host); }},
});
static_assert(std::ranges::is_sorted(kAttributes, {}, &Attribute::path));

constexpr std::string_view kRequestHeader = "request\0headers\0"sv;
constexpr std::string_view kResponseHeader = "response\0headers\0"sv;
constexpr std::string_view kResponseTrailer = "response\0trailers\0"sv;

Value of_plugin(const Vm& vm, const RootContext* root, std::string_view path) {
  if (!root || !path.starts_with("plugin_")) return std::nullopt;
  if (path == "plugin_name") return root->conf.plugin;
  if (path == "plugin_root_id") return root->conf.root_id;
  if (path == "plugin_vm_id") return vm.spec().vm_id();
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> built_in_property(const Vm& vm, Scope scope, std::string_view path) {
  if (auto value = of_plugin(vm, scope.root, path)) return value;
  if (!scope.http) return std::nullopt;
  const auto* found = std::ranges::lower_bound(kAttributes, path, {}, &Attribute::path);
  if (found != kAttributes.end() && found->path == path) return found->read(*scope.http);
  if (path.starts_with(kRequestHeader)) {
    return joined(scope.http->exchange.request.headers, path.substr(kRequestHeader.size()));
  }
  if (path.starts_with(kResponseHeader) && scope.http->has_response) {
    return joined(scope.http->exchange.response.headers, path.substr(kResponseHeader.size()));
  }
  if (path.starts_with(kResponseTrailer) && scope.http->exchange.response_trailers) {
    return joined(*scope.http->exchange.response_trailers, path.substr(kResponseTrailer.size()));
  }
  return std::nullopt;
}

}  // namespace sallyport::wasm::abi
