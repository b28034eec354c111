// The course of an exchange: answer it, let it go on, end it; and which context host calls work on.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/foreign.h"
#include "plugins/wasm/abi/groups.h"
#include "plugins/wasm/local_response.h"

namespace sallyport::wasm::abi {
namespace {

Status send_local_response(Vm& vm, std::uint32_t status, GuestRange details_at, GuestRange body_at,
                           GuestRange headers_at, std::uint32_t grpc_status) {
  auto details = vm.memory().read(details_at);
  auto body = vm.memory().read(body_at);
  auto serialized = vm.memory().read(headers_at);
  if (!details || !body || !serialized) return Status::kInvalidMemoryAccess;
  auto headers = read_pairs(*serialized);
  if (!headers) {
    vm.warn("the headers of an answer are malformed");
    return Status::kBadArgument;
  }
  HttpContext* http = vm.effective().http;
  if (!http || http->ended) {
    vm.warn("there is no exchange that could be answered now");
    return Status::kOk;
  }
  if (http->answer) return Status::kOk;  // the first one counts
  http->answer =
      make_local_response(vm, http->exchange, status, *body, *headers, static_cast<std::int32_t>(grpc_status));
  http->answer->details = as_details(*details);
  vm.wake_later(*http);
  return Status::kOk;
}

void resume(Vm& vm, StreamControl HttpContext::* stream) {
  HttpContext* http = vm.effective().http;
  if (!http || http->ended) return;
  (http->*stream).resumed = true;
  vm.wake_later(*http);
}

// Streams of TCP do not exist here: letting them go on is letting nothing go on.
Status continue_stream(Vm& vm, std::uint32_t type) {
  if (type >= kStreamTypes) return Status::kBadArgument;
  if (type == static_cast<std::uint32_t>(StreamType::kRequest)) resume(vm, &HttpContext::request);
  if (type == static_cast<std::uint32_t>(StreamType::kResponse)) resume(vm, &HttpContext::response);
  return Status::kOk;
}

Status continue_request(Vm& vm) {
  resume(vm, &HttpContext::request);
  return Status::kOk;
}

Status continue_response(Vm& vm) {
  resume(vm, &HttpContext::response);
  return Status::kOk;
}

// Not of TCP: there are no contexts of its streams here, and an exchange does not own its connections.
bool is_of_http(std::uint32_t type) {
  return type == static_cast<std::uint32_t>(StreamType::kRequest) ||
         type == static_cast<std::uint32_t>(StreamType::kResponse);
}

Status close_stream(Vm& vm, std::uint32_t type) {
  if (type >= kStreamTypes) return Status::kBadArgument;
  if (!is_of_http(type)) return Status::kOk;
  HttpContext* http = vm.effective().http;
  if (!http || http->ended) return Status::kOk;
  http->closes = true;
  vm.wake_later(*http);
  return Status::kOk;
}

Status clear_route_cache(Vm& vm) {
  choose_route_again(vm);
  return Status::kOk;
}

Status set_effective_context(Vm& vm, std::uint32_t context) {
  return vm.set_effective(context) ? Status::kOk : Status::kBadArgument;
}

// Exchanges end without waiting for it, as in Envoy: their heads and bodies are gone then.
Status done(Vm& vm) {
  const Scope scope = vm.effective();
  if (scope.http || !scope.root || scope.root->end != RootContext::End::kWaits) return Status::kNotFound;
  vm.note_done(*scope.root);
  return Status::kOk;
}

}  // namespace

void choose_route_again(Vm& vm) {
  HttpContext* http = vm.effective().http;
  if (http && !http->ended) http->exchange.route_is_outdated = true;
}

void add_streams(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_send_local_response", kRunning, &send_local_response>("env"));
  table.push_back(import <"proxy_continue_stream", kRunning, &continue_stream>("env"));
  table.push_back(import <"proxy_continue_request", kRunning, &continue_request>("env"));
  table.push_back(import <"proxy_continue_response", kRunning, &continue_response>("env"));
  table.push_back(import <"proxy_close_stream", kRunning, &close_stream>("env"));
  table.push_back(import <"proxy_clear_route_cache", kRunning, &clear_route_cache>("env"));
  table.push_back(import <"proxy_set_effective_context", kRunning, &set_effective_context>("env"));
  table.push_back(import <"proxy_done", kRunning, &done>("env"));
}

}  // namespace sallyport::wasm::abi
