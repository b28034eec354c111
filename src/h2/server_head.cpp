#include "h2/server_head.h"

#include "base/bytes.h"
#include "http/authority.h"
#include "wire/h1_framing.h"

#include <string>

namespace sallyport::h2 {

using http::BodyLength;
using http::FieldName;

namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 6.5.2
constexpr std::string_view kWebsocket = "websocket";

}  // namespace

void ServerHead::refuse(int status, std::string_view reason) noexcept {
  if (refusal_ != 0) return;
  refusal_ = status;
  reason_ = reason;
}

void ServerHead::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (++fields_ > limits_.fields) return refuse(431, "too_many_fields");
  if (bytes_ > limits_.head_bytes) return refuse(431, "head_too_large");
  Arena& arena = head_.headers.arena();
  if (name.front() == ':') return add_pseudo(name, arena.copy(value));
  if (name == "http2-settings") return;  // of an upgrade to h2c, which is never passed on
  FieldName known = http::known_field(name);
  if (known == FieldName::kCookie) ++cookies_;
  head_.headers.add_checked(arena.copy(name), arena.copy(value), known);
}

void ServerHead::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") head_.method = value;
  if (name == ":path") head_.target = value;
  if (name == ":scheme") scheme_ = value;
  if (name == ":authority") {
    authority_ = value;
    has_authority_ = true;
  }
  if (name == ":protocol") {
    protocol_ = value;
    has_protocol_ = true;
  }
}

void ServerHead::finish(bool ends) {
  bool is_http = equals_ignoring_case(scheme_, "https") || equals_ignoring_case(scheme_, "http");
  interpret_method();
  if (!is_http) refuse(400, "bad_scheme");
  if (!head_.target.starts_with('/') && (head_.target != "*" || head_.method != "OPTIONS")) refuse(400, "bad_target");
  interpret_authority();
  interpret_body(ends);
  interpret_expectation();
  if (cookies_ > 1) join_cookies();
  wire::remove_what_ends_here(head_.headers);
}

// RFC 8441 4 and 5. nghttp2 has seen to it that a request with `:protocol` is a CONNECT with all other pseudo fields.
void ServerHead::interpret_method() {
  if (head_.method != "CONNECT") return;
  if (!has_protocol_) return refuse(501, "connect_not_implemented");
  if (!equals_ignoring_case(protocol_, kWebsocket)) return refuse(501, "protocol_not_implemented");
  head_.method = "GET";
  head_.upgrade = kWebsocket;
}

// RFC 9113 8.3.1. nghttp2 has seen to it that one of them is there; where both are, they must agree, because whoever
// decides by one of them is wrong about the other.
void ServerHead::interpret_authority() {
  http::Headers& headers = head_.headers;
  if (headers.count("host") > 1) return refuse(400, "repeated_host");
  auto host = headers.get(FieldName::kHost);
  if (has_authority_ && host && !equals_ignoring_case(*host, authority_)) return refuse(400, "host_is_not_authority");
  std::string_view text = has_authority_ ? authority_ : host.value_or("");
  auto parsed = http::parse_authority(text);
  if (!parsed) return refuse(400, "bad_host");
  head_.authority = text;
  head_.host = parsed->host;
  if (!host) headers.add_checked("Host", text, FieldName::kHost);
}

// nghttp2 has seen to it that there is one Content-Length at most, and holds the body to it. What follows an extended
// CONNECT is no body, and has no length.
void ServerHead::interpret_body(bool ends) {
  auto announced = head_.headers.get(FieldName::kContentLength);
  if (!head_.upgrade.empty()) {
    if (announced) refuse(400, "bad_content_length");
    return;
  }
  auto length = announced ? wire::parse_content_length(*announced) : std::nullopt;
  if (announced && !length) return refuse(400, "bad_content_length");
  if (length) {
    head_.body = BodyLength::sized(*length);
  } else if (!ends) {
    head_.body = BodyLength::chunked();
  }
}

// RFC 9110 10.1.1
void ServerHead::interpret_expectation() {
  for (const http::Field& field : head_.headers) {
    if (field.known != FieldName::kExpect || field.value.empty()) continue;
    if (!equals_ignoring_case(field.value, "100-continue")) return refuse(417, "unknown_expectation");
    head_.expects_continue = !head_.body.is_empty();
  }
}

// RFC 9113 8.2.3: clients send each cookie as a field of its own; everybody else knows one field of all.
void ServerHead::join_cookies() {
  http::Headers& headers = head_.headers;
  std::string all;
  for (const http::Field& field : headers) {
    if (field.known != FieldName::kCookie || field.value.empty()) continue;
    if (!all.empty()) all += "; ";
    all += field.value;
  }
  headers.remove(FieldName::kCookie);
  headers.add_checked("cookie", headers.arena().copy(all), FieldName::kCookie);
}

}  // namespace sallyport::h2
