// Unary gRPC calls to other services. Streams have their place and answer as if there were none, with codes on which no
// SDK panics.

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
  std::string_view upstream, service, method, metadata, message;
};

Result<U32> begin_call(Vm& vm, RootContext& root, const Words& words, std::int32_t timeout) {
  auto metadata = read_pairs(words.metadata);
  if (!metadata) return fail(ErrorCode::kInvalid, "its initial metadata are malformed");
  if (timeout < 0) return fail(ErrorCode::kInvalid, "its timeout is negative; give milliseconds, 0 for the longest");
  if (!is_name(words.service) || !is_name(words.method)) {
    return fail(ErrorCode::kInvalid,
                "its service or method is no name; give such as \"package.Service\" and \"Method\"");
  }
  http::CallRequest request;
  request.method = "POST";
  request.target = fmt::format("/{}/{}", words.service, words.method);
  request.headers = fields_of(vm, *metadata);
  request.headers.emplace_back("content-type", "application/grpc");
  if (timeout > 0) request.headers.emplace_back("grpc-timeout", fmt::format("{}m", std::min(timeout, 99'999'999)));
  request.body = grpc_frame(words.message);
  const std::string_view name = target_in(words.upstream);
  HttpTarget target{std::string(name), is_allowed_host(root, name), true};
  return vm.calls().begin(root, std::move(target), std::move(request), Milliseconds(timeout));
}

Status refuse_call(Vm& vm, std::string_view upstream, const Error& why) {
  vm.calls().count_refusal();
  vm.calls().tell(fmt::format("grpc_call to \"{}\" is refused: {}", target_in(upstream), why.what));
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
  const Words words{*upstream, *service, *method, *metadata, *message};
  auto number = begin_call(vm, *root, words, static_cast<std::int32_t>(timeout));
  if (!number) return refuse_call(vm, *upstream, number.error());
  return vm.memory().store(number_slot, *number) ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status grpc_stream(Vm& vm, Range, Range, Range, Range, U32) {
  vm.warn("grpc_stream is not there yet; unary calls are");
  return Status::kInternalFailure;
}

// Only streams are sent to.
Status grpc_send(Vm& vm, U32 number, Range, U32) {
  return vm.calls().has_grpc(number) ? Status::kBadArgument : Status::kNotFound;
}

// Of a unary call, both are the same.
Status end_grpc(Vm& vm, U32 number) { return vm.calls().cancel_grpc(number) ? Status::kOk : Status::kNotFound; }

}  // namespace

void add_grpc_call(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_grpc_call", kRunning, &grpc_call>("env"));
  table.push_back(import <"proxy_grpc_stream", kRunning, &grpc_stream>("env"));
  table.push_back(import <"proxy_grpc_send", kRunning, &grpc_send>("env"));
  table.push_back(import <"proxy_grpc_cancel", kRunning, &end_grpc>("env"));
  table.push_back(import <"proxy_grpc_close", kRunning, &end_grpc>("env"));
}

}  // namespace sallyport::wasm::abi
