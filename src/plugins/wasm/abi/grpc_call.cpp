// gRPC calls to other services: one message there and one back, or streams of them.

#include "base/bytes.h"
#include "http/grpc.h"
#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/call_parts.h"
#include "plugins/wasm/abi/groups.h"
#include "plugins/wasm/abi/protobuf.h"
#include "plugins/wasm/grpc_answer.h"
#include "plugins/wasm/http_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::wasm::abi {
namespace {

using U32 = std::uint32_t;
using Range = GuestRange;

std::optional<std::string_view> field_of(std::string_view message, std::uint32_t number) {
  ProtobufReader reader(message);
  while (auto field = reader.next()) {
    if (field->number == number) return field->bytes;
  }
  return std::nullopt;
}

// SDKs pass a plain name, or Envoy's GrpcService with `envoy_grpc.cluster_name` or `google_grpc.target_uri`: a message,
// whose first byte no name has.
std::string_view target_in(std::string_view service) {
  constexpr char kFirstOfNames = ' ';
  if (service.empty() || service.front() > kFirstOfNames) return service;
  for (std::uint32_t kind : {1u, 2u}) {
    auto inner = field_of(service, kind);
    if (auto name = inner ? field_of(*inner, 1) : std::nullopt) return *name;
  }
  return {};
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '/'; });
}

struct Words {
  std::string_view upstream, service, method, metadata;
};

Result<http::CallRequest> request_of(Vm& vm, const Words& words) {
  auto metadata = read_pairs(words.metadata);
  if (!metadata) return fail(ErrorCode::kInvalid, "its initial metadata are malformed");
  if (!is_name(words.service) || !is_name(words.method)) {
    return fail(ErrorCode::kInvalid,
                "its service or method is no name; give such as \"package.Service\" and \"Method\"");
  }
  http::CallRequest request;
  request.method = "POST";
  request.target = fmt::format("/{}/{}", words.service, words.method);
  request.headers = fields_of(vm, *metadata);
  http::replace(request.headers, "content-type", "application/grpc");
  return request;
}

HttpTarget target_of(const RootContext& root, const Words& words) {
  const std::string_view name = target_in(words.upstream);
  return {std::string(name), is_allowed_host(root, name), true};
}

Result<U32> begin_call(Vm& vm, RootContext& root, const Words& words, std::string_view message, std::int32_t timeout) {
  if (timeout < 0) return fail(ErrorCode::kInvalid, "its timeout is negative; give milliseconds, 0 for the longest");
  TRY(auto request, request_of(vm, words));
  if (timeout > 0) request.headers.emplace_back("grpc-timeout", fmt::format("{}m", std::min(timeout, 99'999'999)));
  request.body = grpc_frame(message);
  return vm.calls().begin(root, target_of(root, words), std::move(request), Milliseconds(timeout));
}

// Its deadline is what its metadata say.
Result<U32> open_stream(Vm& vm, RootContext& root, const Words& words) {
  TRY(auto request, request_of(vm, words));
  Milliseconds timeout{0};
  for (const auto& [name, value] : request.headers) {
    if (equals_ignoring_case(name, "grpc-timeout")) timeout = http::parse_grpc_timeout(value).value_or(timeout);
  }
  return vm.calls().open(root, target_of(root, words), std::move(request), timeout);
}

Status refuse_call(Vm& vm, std::string_view function, std::string_view upstream, const Error& why) {
  vm.calls().count_refusal();
  vm.calls().tell(fmt::format("{} to \"{}\" is refused: {}", function, target_in(upstream), why.what));
  if (why.code == ErrorCode::kNotFound) return Status::kParseFailure;  // as where the name is no GrpcService
  return why.code == ErrorCode::kInvalid ? Status::kBadArgument : Status::kInternalFailure;
}

Status grpc_call(Vm& vm, Range upstream_at, Range service_at, Range method_at, Range metadata_at, Range message_at,
                 U32 timeout, U32 number_slot) {
  auto upstream = vm.memory().read(upstream_at);
  auto service = vm.memory().read(service_at);
  auto method = vm.memory().read(method_at);
  auto metadata = vm.memory().read(metadata_at);
  auto message = vm.memory().read(message_at);
  const bool has_slot = vm.memory().write(number_slot, sizeof number_slot) != nullptr;
  if (!upstream || !service || !method || !metadata || !message || !has_slot) return Status::kInvalidMemoryAccess;
  RootContext* root = vm.effective().root;
  if (!root) return Status::kInternalFailure;
  const Words words{*upstream, *service, *method, *metadata};
  auto number = begin_call(vm, *root, words, *message, static_cast<std::int32_t>(timeout));
  if (!number) return refuse_call(vm, "grpc_call", *upstream, number.error());
  return vm.memory().store(number_slot, *number) ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status grpc_stream(Vm& vm, Range upstream_at, Range service_at, Range method_at, Range metadata_at, U32 number_slot) {
  auto upstream = vm.memory().read(upstream_at);
  auto service = vm.memory().read(service_at);
  auto method = vm.memory().read(method_at);
  auto metadata = vm.memory().read(metadata_at);
  const bool has_slot = vm.memory().write(number_slot, sizeof number_slot) != nullptr;
  if (!upstream || !service || !method || !metadata || !has_slot) return Status::kInvalidMemoryAccess;
  RootContext* root = vm.effective().root;
  if (!root) return Status::kInternalFailure;
  auto number = open_stream(vm, *root, {*upstream, *service, *method, *metadata});
  if (!number) return refuse_call(vm, "grpc_stream", *upstream, number.error());
  return vm.memory().store(number_slot, *number) ? Status::kOk : Status::kInvalidMemoryAccess;
}

// With no code but these three do SDKs go on.
Status grpc_send(Vm& vm, U32 number, Range message_at, U32 is_last) {
  auto message = vm.memory().read(message_at);
  if (!message) return Status::kInvalidMemoryAccess;
  auto sent = vm.calls().send(number, grpc_frame(*message), is_last != 0);
  if (sent) return Status::kOk;
  vm.calls().tell(fmt::format("grpc_send to {} is refused: {}", number, sent.error().what));
  return sent.error().code == ErrorCode::kNotFound ? Status::kNotFound : Status::kBadArgument;
}

Status grpc_cancel(Vm& vm, U32 number) { return vm.calls().cancel_grpc(number) ? Status::kOk : Status::kNotFound; }

Status grpc_close(Vm& vm, U32 number) { return vm.calls().close_grpc(number) ? Status::kOk : Status::kNotFound; }

}  // namespace

void add_grpc_call(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_grpc_call", kRunning, &grpc_call>("env"));
  table.push_back(import <"proxy_grpc_stream", kRunning, &grpc_stream>("env"));
  table.push_back(import <"proxy_grpc_send", kRunning, &grpc_send>("env"));
  table.push_back(import <"proxy_grpc_cancel", kRunning, &grpc_cancel>("env"));
  table.push_back(import <"proxy_grpc_close", kRunning, &grpc_close>("env"));
}

}  // namespace sallyport::wasm::abi
