#include "plugins/wasm/abi/header_map.h"

#include "base/bytes.h"
#include "http/field_name.h"
#include "plugins/wasm/gateway_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sallyport::wasm::abi {
namespace {

bool is_target(std::string_view text) {
  auto is_visible = [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f' && c != '#'; };
  return text.starts_with('/') && std::ranges::all_of(text, is_visible);
}

bool is_authority(std::string_view text) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_:[]%~!$&'()*+,;=").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

std::string_view number_text(Arena& arena, std::uint64_t number) {
  char* text = static_cast<char*>(arena.allocate(20));
  auto end = std::to_chars(text, text + 20, number).ptr;
  return {text, static_cast<std::size_t>(end - text)};
}

// It belongs to the root, whatever exchange the guest has chosen meanwhile.
const http::OwnedFields* answered_fields(const Vm& vm, MapType type) {
  const RootContext* root = vm.effective().root;
  const AnsweredCall* answer = root ? root->answered : nullptr;
  if (!answer) return nullptr;
  const bool is_of_grpc = answer->grpc.has_value();
  if (type == (is_of_grpc ? MapType::kGrpcInitialMetadata : MapType::kHttpCallHeaders)) return &answer->headers;
  return type == (is_of_grpc ? MapType::kGrpcTrailingMetadata : MapType::kHttpCallTrailers) ? &answer->trailers
                                                                                            : nullptr;
}

}  // namespace

HeaderMap::HeaderMap(Vm& vm, MapType type) : vm_(vm), http_(vm.effective().http), answered_(answered_fields(vm, type)) {
  if (!http_) return;
  exchange::Exchange& exchange = http_->exchange;
  if (type == MapType::kRequestHeaders)
    open_head(Side::kRequest, exchange.request.headers, http_->request_head_open && !http_->ended);
  else if (type == MapType::kResponseHeaders && http_->has_response)
    open_head(Side::kResponse, exchange.response.headers, http_->response_head_open());
  else if (type == MapType::kRequestTrailers)
    open_trailers(&exchange::Exchange::request_trailers, http_->request);
  else if (type == MapType::kResponseTrailers)
    open_trailers(&exchange::Exchange::response_trailers, http_->response);
}

void HeaderMap::open_head(Side side, http::Headers& fields, bool is_open) {
  side_ = side;
  fields_ = &fields;
  is_open_ = is_open;
}

void HeaderMap::open_trailers(http::Headers* exchange::Exchange::* trailers, const StreamControl& stream) {
  side_ = Side::kTrailers;
  trailers_ = trailers;
  fields_ = http_->exchange.*trailers;
  is_open_ = stream.trailers_open && !http_->ended;
}

std::optional<std::uint64_t> HeaderMap::body_length() const {
  const exchange::Exchange& exchange = http_->exchange;
  if (side_ == Side::kTrailers) return std::nullopt;
  const http::BodyLength& body = side_ == Side::kResponse ? exchange.response.body : exchange.request.body;
  if (body.kind != http::BodyLength::Kind::kSized) return std::nullopt;
  return body.bytes;
}

std::optional<std::string_view> HeaderMap::get(std::string_view name) const {
  if (answered_) return http::first_value(*answered_, name);
  if (!fields_ || name.empty()) return std::nullopt;
  if (name.front() == ':') return pseudo(name);
  http::FieldName known = http::known_field(name);
  if (known == http::FieldName::kContentLength && body_length()) return content_length();
  if (known == http::FieldName::kHost && side_ == Side::kRequest) return authority();
  return http::is_one_name(known) ? fields_->get(known) : fields_->get(name);
}

std::optional<std::string_view> HeaderMap::pseudo(std::string_view name) const {
  if (side_ == Side::kResponse) {
    if (name == ":status") return status();
    return std::nullopt;
  }
  if (side_ == Side::kTrailers) return std::nullopt;
  if (name == ":path") return target();
  if (name == ":authority") return authority();
  if (name == ":method") return http_->exchange.request.method;
  if (name == ":scheme") return http_->exchange.scheme;
  return std::nullopt;
}

std::string_view HeaderMap::target() const {
  const exchange::Exchange& exchange = http_->exchange;
  if (!exchange.has_query) return exchange.path;
  return exchange.arena.join(exchange.path, "?", exchange.query);
}

std::string_view HeaderMap::authority() const {
  const exchange::Exchange& exchange = http_->exchange;
  return exchange.upstream_host.empty() ? exchange.request.authority : exchange.upstream_host;
}

std::string_view HeaderMap::status() const {
  return number_text(http_->exchange.arena, static_cast<std::uint64_t>(http_->exchange.response.status));
}

std::string_view HeaderMap::content_length() const {
  return number_text(http_->exchange.arena, body_length().value_or(0));
}

// `:authority` stands for it.
bool HeaderMap::is_hidden(const http::Field& field) const {
  return side_ == Side::kRequest && field.known == http::FieldName::kHost;
}

void HeaderMap::add(std::string_view name, std::string_view value) {
  if (!may_write(name) || set_special(name, value) || !accepts(name, value)) return;
  fields_->add(name, value);
}

void HeaderMap::replace(std::string_view name, std::string_view value) {
  if (!may_write(name) || set_special(name, value) || !accepts(name, value)) return;
  fields_->set(name, value);
}

void HeaderMap::remove(std::string_view name) {
  if (!may_write(name)) return;
  http::FieldName known = http::known_field(name);
  if (name.starts_with(':') || (known == http::FieldName::kHost && side_ == Side::kRequest)) {
    return leave_out(name, "it cannot be removed");
  }
  fields_->remove(name);
}

void HeaderMap::set_all(const std::vector<Pair>& pairs) {
  if (!may_write("all")) return;
  fields_->remove_if([this](const http::Field& field) { return !is_hidden(field); });
  for (const auto& [name, value] : pairs) add(name, value);
}

bool HeaderMap::may_write(std::string_view name) {
  if (!is_open_) {
    leave_out(name, "these headers cannot be changed now");
    return false;
  }
  if (!fields_) {
    Arena& arena = http_->exchange.arena;
    http_->exchange.*trailers_ = fields_ = &arena.make<http::Headers>(arena);
  }
  return true;
}

bool HeaderMap::accepts(std::string_view name, std::string_view value) {
  if (!http::is_field_name(name)) {
    leave_out(name, "this is no name of a header");
    return false;
  }
  if (!http::is_field_value(value)) {
    leave_out(name, "its value has control characters");
    return false;
  }
  return !is_of_the_gateway(http::known_field(name));  // plugins set them by habit: no warning
}

// Pseudo-headers and the host. True: `name` was one of them.
bool HeaderMap::set_special(std::string_view name, std::string_view value) {
  bool is_request = side_ == Side::kRequest;
  if (is_request && equals_ignoring_case(name, "host")) {
    set_authority(value);
    return true;
  }
  if (!name.starts_with(':')) return false;
  if (is_request && name == ":path")
    set_target(value);
  else if (is_request && name == ":authority")
    set_authority(value);
  else if (is_request && name == ":method")
    set_method(value);
  else if (side_ == Side::kResponse && name == ":status")
    set_status(value);
  else if (!(is_request && name == ":scheme" && value == http_->exchange.scheme))
    leave_out(name, "it cannot be set");
  return true;
}

void HeaderMap::set_method(std::string_view value) {
  if (!http::is_field_name(value)) return leave_out(":method", "this is no method");
  http_->exchange.request.method = http_->exchange.arena.copy(value);
}

void HeaderMap::set_target(std::string_view value) {
  if (!is_target(value)) return leave_out(":path", "a path begins with '/' and has visible characters only");
  if (value != target()) http_->exchange.set_upstream_target(http_->exchange.arena.copy(value));
}

void HeaderMap::set_authority(std::string_view value) {
  if (!is_authority(value)) return leave_out(":authority", "this is no host");
  if (value != authority()) http_->exchange.upstream_host = http_->exchange.arena.copy(value);
}

void HeaderMap::set_status(std::string_view value) {
  auto status = parse_unsigned(value);
  if (!status || *status < 200 || *status > 599) return leave_out(":status", "a status lies between 200 and 599");
  if (http_->exchange.response.status == static_cast<int>(*status)) return;
  http_->exchange.response.status = static_cast<int>(*status);
  http_->exchange.response.reason = {};
}

void HeaderMap::leave_out(std::string_view name, std::string_view why) {
  vm_.warn(fmt::format("header {} is left as it is: {}", name, why));
}

}  // namespace sallyport::wasm::abi
