// Host functions that have their place but no substance yet: gRPC calls. They answer as if nothing were
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

using U32 = std::uint32_t;
using Range = GuestRange;

}  // namespace

void add_unavailable(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(
      import <"proxy_grpc_call", kRunning, &internal_failure<Range, Range, Range, Range, Range, U32, U32>>("env"));
  table.push_back(import <"proxy_grpc_stream", kRunning, &internal_failure<Range, Range, Range, Range, U32>>("env"));
  table.push_back(import <"proxy_grpc_send", kRunning, &not_found<U32, Range, U32>>("env"));
  table.push_back(import <"proxy_grpc_cancel", kRunning, &not_found<U32>>("env"));
  table.push_back(import <"proxy_grpc_close", kRunning, &not_found<U32>>("env"));
}

}  // namespace sallyport::wasm::abi
