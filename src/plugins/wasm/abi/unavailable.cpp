// Host functions that have their place but no substance yet: calls to other services. They answer as if nothing were
// there, with codes on which no SDK panics.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

namespace sallyport::wasm::abi {
namespace {

template <class... Args>
Status not_found(Vm&, Args...) {
  return Status::kNotFound;
}

template <class... Args>
Status internal_failure(Vm&, Args...) {
  return Status::kInternalFailure;
}

Status get_status(Vm& vm, std::uint32_t code_slot, GuestRange out) {
  if (!vm.memory().store(code_slot, 0u)) return Status::kInvalidMemoryAccess;
  return vm.give({}, out);
}

using U32 = std::uint32_t;
using Range = GuestRange;

}  // namespace

void add_unavailable(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_get_status", kRunning, &get_status>("env"));
  table.push_back(import <"proxy_http_call", kRunning, &internal_failure<Range, Range, Range, Range, U32, U32>>("env"));
  table.push_back(
      import <"proxy_grpc_call", kRunning, &internal_failure<Range, Range, Range, Range, Range, U32, U32>>("env"));
  table.push_back(import <"proxy_grpc_stream", kRunning, &internal_failure<Range, Range, Range, Range, U32>>("env"));
  table.push_back(import <"proxy_grpc_send", kRunning, &not_found<U32, Range, U32>>("env"));
  table.push_back(import <"proxy_grpc_cancel", kRunning, &not_found<U32>>("env"));
  table.push_back(import <"proxy_grpc_close", kRunning, &not_found<U32>>("env"));
}

}  // namespace sallyport::wasm::abi
