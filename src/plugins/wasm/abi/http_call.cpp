// Calls to other services over HTTP, and how the one ended whose answer is being told.

#include "base/bytes.h"
#include "http/authority.h"
#include "http/field_name.h"
#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/call_parts.h"
#include "plugins/wasm/abi/groups.h"
#include "plugins/wasm/gateway_fields.h"
#include "plugins/wasm/http_calls.h"
#include "plugins/wasm/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::wasm::abi {
namespace {

constexpr std::uint32_t kBrokenConnection = 11;

std::optional<std::string_view> find(const std::vector<Pair>& pairs, std::string_view name) {
  auto found = std::ranges::find(pairs, name, &Pair::first);
  if (found == pairs.end()) return std::nullopt;
  return found->second;
}

}  // namespace

// Pseudo-headers, the host and framing are the gateway's; what cannot stand in a message is left out.
http::OwnedFields fields_of(Vm& vm, const std::vector<Pair>& pairs) {
  http::OwnedFields fields;
  for (const auto& [name, value] : pairs) {
    const http::FieldName known = http::known_field(name);
    if (name.starts_with(':') || known == http::FieldName::kHost || is_of_the_gateway(known)) continue;
    if (http::is_field_name(name) && http::is_field_value(value)) {
      fields.emplace_back(name, value);
    } else {
      vm.calls().tell(fmt::format("header {} of a call is left out: its name or value is invalid", name));
    }
  }
  return fields;
}

namespace {

// Error: what is missing or wrong.
Result<http::CallRequest> request_of(Vm& vm, const std::vector<Pair>& headers) {
  http::CallRequest request;
  request.method = find(headers, ":method").value_or("");
  request.target = find(headers, ":path").value_or("");
  auto authority = find(headers, ":authority");
  if (!http::is_field_name(request.method) || equals_ignoring_case(request.method, "CONNECT")) {
    return fail(ErrorCode::kInvalid, "the header :method is missing or is no method; give one such as GET");
  }
  if (!request.target.starts_with('/')) {
    return fail(ErrorCode::kInvalid, "the header :path is missing or does not begin with '/'; give one that does");
  }
  if (!authority || !(authority->empty() || http::parse_authority(*authority))) {
    return fail(ErrorCode::kInvalid, "the header :authority is missing or is no host[:port]; give a valid one");
  }
  request.authority = *authority;
  request.headers = fields_of(vm, headers);
  return request;
}

Status refuse_call(Vm& vm, std::string_view upstream, const Error& why) {
  vm.calls().count_refusal();
  vm.calls().tell(fmt::format("http_call to \"{}\" is refused: {}", upstream, why.what));
  const bool is_for_now = why.code == ErrorCode::kLimit || why.code == ErrorCode::kUnavailable;
  return is_for_now ? Status::kInternalFailure : Status::kBadArgument;
}

}  // namespace

bool is_allowed_host(const RootContext& root, std::string_view name) {
  return std::ranges::any_of(root.conf.call_hosts,
                             [&](const std::string& allowed) { return equals_ignoring_case(allowed, name); });
}

namespace {

Result<std::uint32_t> begin_call(Vm& vm, RootContext& root, std::string_view upstream, std::string_view headers,
                                 std::string_view body, std::string_view trailers, std::int32_t timeout) {
  auto header_pairs = read_pairs(headers);
  auto trailer_pairs = read_pairs(trailers);
  if (!header_pairs || !trailer_pairs) return fail(ErrorCode::kInvalid, "its headers or trailers are malformed");
  if (timeout < 0) return fail(ErrorCode::kInvalid, "its timeout is negative; give milliseconds, 0 for the longest");
  TRY(http::CallRequest request, request_of(vm, *header_pairs));
  request.body = body;
  request.trailers = fields_of(vm, *trailer_pairs);
  HttpTarget target{std::string(upstream), is_allowed_host(root, upstream)};
  return vm.calls().begin(root, std::move(target), std::move(request), Milliseconds(timeout));
}

Status http_call(Vm& vm, GuestRange upstream_at, GuestRange headers_at, GuestRange body_at, GuestRange trailers_at,
                 std::uint32_t timeout, std::uint32_t number_slot) {
  auto upstream = vm.memory().read(upstream_at);
  auto headers = vm.memory().read(headers_at);
  auto body = vm.memory().read(body_at);
  auto trailers = vm.memory().read(trailers_at);
  bool has_slot = vm.memory().write(number_slot, sizeof number_slot) != nullptr;
  if (!upstream || !headers || !body || !trailers || !has_slot) return Status::kInvalidMemoryAccess;
  RootContext* root = vm.effective().root;
  if (!root) return Status::kInternalFailure;
  auto number = begin_call(vm, *root, *upstream, *headers, *body, *trailers, static_cast<std::int32_t>(timeout));
  if (!number) return refuse_call(vm, *upstream, number.error());
  return vm.memory().store(number_slot, *number) ? Status::kOk : Status::kInvalidMemoryAccess;
}

// Of the call whose answer is being told; without one, or with a whole answer, 0 and no text.
Status get_status(Vm& vm, std::uint32_t code_slot, GuestRange out) {
  const RootContext* root = vm.effective().root;
  if (root && root->answered && root->answered->grpc) {
    const GrpcEnd& end = *root->answered->grpc;
    return vm.memory().store(code_slot, end.status) ? vm.give(end.message, out) : Status::kInvalidMemoryAccess;
  }
  const bool was_reset = root && root->answered && root->answered->is_reset();
  if (!vm.memory().store(code_slot, was_reset ? kBrokenConnection : 0u)) return Status::kInvalidMemoryAccess;
  return vm.give(was_reset ? "reset" : "", out);
}

}  // namespace

void add_http_call(std::vector<Import>& table) {
  table.push_back(import <"proxy_http_call", When::kRunning, &http_call>("env"));
  table.push_back(import <"proxy_get_status", When::kRunning, &get_status>("env"));
}

}  // namespace sallyport::wasm::abi
