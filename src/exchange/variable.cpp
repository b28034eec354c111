#include "exchange/variable.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "exchange/exchange.h"
#include "exchange/time_text.h"
#include "exchange/variable_families.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace sallyport::exchange {
namespace {

using E = const Exchange&;
using K = const VariableKey&;
using Text = std::optional<std::string_view>;

Text unless_empty(std::string_view text) { return text.empty() ? Text() : Text(text); }

std::string_view number(E e, std::uint64_t value) {
  fmt::format_int digits(value);
  return e.arena.copy({digits.data(), digits.size()});
}

Text number_unless_zero(E e, std::uint64_t value) { return value == 0 ? Text() : Text(number(e, value)); }

std::string_view seconds(E e, std::chrono::nanoseconds duration) {
  return seconds_text(duration, static_cast<char*>(e.arena.allocate(32)));
}

Text seconds_if_known(E e, std::chrono::nanoseconds duration) {
  return duration.count() < 0 ? Text() : Text(seconds(e, duration));
}

std::string_view protocol(http::Version version) {
  switch (version) {
    case http::Version::kHttp10:
      return "HTTP/1.0";
    case http::Version::kHttp11:
      return "HTTP/1.1";
    case http::Version::kHttp2:
      return "HTTP/2.0";
  }
  return "";
}

std::string_view hostname() {
  static const std::string name = [] {
    std::array<char, 256> text{};
    return gethostname(text.data(), text.size() - 1) == 0 ? std::string(text.data()) : std::string("unknown");
  }();
  return name;
}

// The target without scheme and authority, which the absolute form has before its path (RFC 9112 3.2.2).
std::string_view origin_form(std::string_view target) {
  std::size_t authority = target.find("://");
  if (target.starts_with('/') || authority == std::string_view::npos) return target;
  std::size_t path = target.find('/', authority + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

// The user of `Authorization: Basic` (RFC 7617 2).
Text remote_user(E e) {
  constexpr std::string_view kScheme = "basic ";
  std::string_view value = e.request.headers.get("authorization").value_or("");
  if (!equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  auto credentials = base64_decode(trim(value.substr(kScheme.size())));
  if (!credentials || credentials->find(':') == std::string::npos) return std::nullopt;
  return unless_empty(e.arena.copy(std::string_view(*credentials).substr(0, credentials->find(':'))));
}

Text upstream_uri(E e) {
  if (!e.has_query) return e.path;  // empty, as in APISIX, where the target was refused
  return e.arena.join(e.path, "?", e.query);
}

// Three digits, "000" while nobody has answered.
std::string_view status(E e) {
  if (e.response_source == ResponseSource::kNone && e.response.status == 200) return "000";
  return number(e, static_cast<std::uint64_t>(e.response.status));
}

// Nothing on a connection in clear.
template <std::string ClientTls::* member>
Text of_tls(E e, K) {
  return e.tls ? unless_empty(e.tls->*member) : Text();
}

Text request_field(E e, http::FieldName known) { return read_request_field(e, {{}, known}); }

// Of a name that is not built in.
Text read_own_property(E e, K key) { return e.property(key.text); }

struct Named {
  std::string_view name;
  ReadVariable read;
};

// Sorted by name.
constexpr Named kNamed[] = {
    {"apisix_request_id", [](E e, K) -> Text { return e.request_id(); }},
    {"args", [](E e, K) { return unless_empty(e.query); }},
    {"balancer_ip", [](E e, K) { return unless_empty(e.endpoint.ip); }},
    {"balancer_port", [](E e, K) { return number_unless_zero(e, e.endpoint.port); }},
    {"body_bytes_sent", [](E e, K) -> Text { return number(e, e.response_body_bytes); }},
    {"bytes_sent", [](E e, K) -> Text { return number(e, e.response_bytes); }},
    {"connection", [](E e, K) -> Text { return number(e, e.connection_id); }},
    {"connection_requests", [](E e, K) -> Text { return number(e, e.request_number); }},
    {"content_length", [](E e, K) { return request_field(e, http::FieldName::kContentLength); }},
    {"content_type", [](E e, K) { return request_field(e, http::FieldName::kContentType); }},
    {"document_uri", [](E e, K) -> Text { return e.uri; }},
    {"host", [](E e, K) { return unless_empty(e.host); }},
    {"hostname", [](E, K) -> Text { return hostname(); }},
    {"http2", [](E e, K) { return e.request.version == http::Version::kHttp2 ? Text(e.tls ? "h2" : "h2c") : Text(); }},
    {"https", [](E e, K) -> Text { return e.scheme == "https" ? "on" : ""; }},
    {"is_args", [](E e, K) -> Text { return e.query.empty() ? "" : "?"; }},
    {"matched_host", [](E e, K) { return unless_empty(e.matched.host); }},
    {"matched_uri", [](E e, K) { return unless_empty(e.matched.uri); }},
    {"method", [](E e, K) -> Text { return e.request.method; }},
    {"msec", [](E e, K) -> Text { return seconds(e, e.clock.wall().time_since_epoch()); }},
    {"pid", [](E e, K) -> Text { return number(e, static_cast<std::uint64_t>(getpid())); }},
    {"query_string", [](E e, K) { return unless_empty(e.query); }},
    {"real_request_uri", [](E e, K) -> Text { return origin_form(e.request_target); }},
    {"reason", [](E e, K) { return unless_empty(e.reason); }},
    {"remote_addr", [](E e, K) { return unless_empty(e.client.ip); }},
    {"remote_port", [](E e, K) { return number_unless_zero(e, e.client.port); }},
    {"remote_user", [](E e, K) { return remote_user(e); }},
    {"request",
     [](E e, K) -> Text {
       return e.arena.join(e.arena.join(e.request_method, " ", e.request_target), " ", protocol(e.request.version));
     }},
    {"request_id", [](E e, K) -> Text { return e.request_id(); }},
    {"request_length", [](E e, K) -> Text { return number(e, e.request_head_bytes + e.request_body_bytes); }},
    {"request_method", [](E e, K) -> Text { return e.request.method; }},
    {"request_time", [](E e, K) -> Text { return seconds(e, e.elapsed()); }},
    {"request_uri", [](E e, K) -> Text { return origin_form(e.request_target); }},
    {"route_id", [](E e, K) { return unless_empty(e.matched.route_id); }},
    {"route_name", [](E e, K) { return unless_empty(e.matched.route_name); }},
    {"scheme", [](E e, K) -> Text { return e.scheme; }},
    {"server_addr", [](E e, K) { return unless_empty(e.local.ip); }},
    {"server_name", [](E, K) -> Text { return "_"; }},
    {"server_port", [](E e, K) { return number_unless_zero(e, e.local.port); }},
    {"server_protocol", [](E e, K) -> Text { return protocol(e.request.version); }},
    {"service_id", [](E e, K) { return unless_empty(e.matched.service_id); }},
    {"service_name", [](E e, K) { return unless_empty(e.matched.service_name); }},
    {"snapshot_revision", [](E e, K) { return number_unless_zero(e, e.snapshot_revision); }},
    {"ssl_cipher", of_tls<&ClientTls::cipher>},
    {"ssl_client_fingerprint", of_tls<&ClientTls::fingerprint>},
    {"ssl_client_i_dn", of_tls<&ClientTls::issuer>},
    {"ssl_client_s_dn", of_tls<&ClientTls::subject>},
    {"ssl_client_serial", of_tls<&ClientTls::serial>},
    {"ssl_client_verify", of_tls<&ClientTls::verdict>},
    {"ssl_protocol", of_tls<&ClientTls::protocol>},
    {"ssl_server_name", of_tls<&ClientTls::server_name>},
    {"ssl_session_reused", [](E e, K) { return e.tls ? Text(e.tls->resumed ? "r" : ".") : Text(); }},
    {"status", [](E e, K) -> Text { return status(e); }},
    {"time_iso8601", [](E e, K) -> Text { return e.arena.copy(iso8601_time_text(e.clock.wall())); }},
    {"time_local", [](E e, K) -> Text { return e.arena.copy(local_time_text(e.clock.wall())); }},
    {"upstream_addr",
     [](E e, K) { return unless_empty(e.upstream_addresses.empty() ? e.endpoint.address : e.upstream_addresses); }},
    {"upstream_connect_time", [](E e, K) { return seconds_if_known(e, e.timing.upstream_connect); }},
    {"upstream_header_time", [](E e, K) { return seconds_if_known(e, e.timing.upstream_header); }},
    {"upstream_host",
     [](E e, K) -> Text {
       return e.upstream_host.empty() ? request_field(e, http::FieldName::kHost) : Text(e.upstream_host);
     }},
    {"upstream_response_time", [](E e, K) { return seconds_if_known(e, e.timing.upstream_response); }},
    {"upstream_scheme", [](E e, K) -> Text { return e.upstream_scheme; }},
    {"upstream_status",
     [](E e, K) -> Text {
       if (!e.upstream_statuses.empty()) return e.upstream_statuses;
       return number_unless_zero(e, static_cast<std::uint64_t>(e.upstream_status));
     }},
    {"upstream_unresolved_host", [](E e, K) { return unless_empty(e.endpoint.host); }},
    {"upstream_uri", [](E e, K) { return upstream_uri(e); }},
    {"uri", [](E e, K) -> Text { return e.uri; }},
};
static_assert(std::ranges::is_sorted(kNamed, {}, &Named::name));

struct Family {
  std::string_view prefix;
  ReadVariable read;
  bool of_fields;
};

constexpr Family kFamilies[] = {
    {"arg_", read_argument, false},
    {"cookie_", read_cookie, false},
    {"http_", read_request_field, true},
    {"sent_http_", read_response_field, true},
    {"upstream_http_", read_upstream_field, true},
    {"wasm_", read_property, false},
};

struct Found {
  ReadVariable read;
  std::size_t key_at;  // in the name
  http::FieldName known;
};

Found find(std::string_view name) {
  auto named = std::ranges::lower_bound(kNamed, name, {}, &Named::name);
  if (named != std::end(kNamed) && named->name == name) return {named->read, name.size(), http::FieldName::kOther};
  for (const Family& family : kFamilies) {
    if (!name.starts_with(family.prefix)) continue;
    std::size_t at = family.prefix.size();
    return {family.read, at, family.of_fields ? field_of_variable(name.substr(at)) : http::FieldName::kOther};
  }
  return {read_own_property, 0, http::FieldName::kOther};
}

}  // namespace

Variable::Variable(std::string_view name) : name_(name) {
  Found found = find(name);
  read_ = found.read;
  key_at_ = found.key_at;
  known_ = found.known;
}

bool Variable::is_built_in() const noexcept { return read_ != read_own_property; }

std::vector<std::string_view> variable_names() {
  std::vector<std::string_view> names(std::size(kNamed));
  std::ranges::transform(kNamed, names.begin(), &Named::name);
  return names;
}

std::optional<std::string_view> read_variable(std::string_view name, const Exchange& exchange) {
  Found found = find(name);
  return found.read(exchange, {name.substr(found.key_at), found.known});
}

}  // namespace sallyport::exchange
