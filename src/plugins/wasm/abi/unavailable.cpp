// Host functions that have their place but no substance yet: calls to other services, ticks, shared queues,
// metrics. They answer as if nothing were there, with codes on which no SDK panics.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

namespace sallyport::wasm::abi {
namespace {

template <class... Args>
Status ok(Vm&, Args...) {
  return Status::kOk;
}

template <class... Args>
Status not_found(Vm&, Args...) {
  return Status::kNotFound;
}

template <class... Args>
Status internal_failure(Vm&, Args...) {
  return Status::kInternalFailure;
}

// Numbers that guests keep (of metrics and queues) start at 1; here they share one.
Status give_number(Vm& vm, std::uint32_t slot) {
  return vm.memory().store(slot, 1u) ? Status::kOk : Status::kInvalidMemoryAccess;
}

Status define_metric(Vm& vm, std::uint32_t, GuestRange, std::uint32_t slot) { return give_number(vm, slot); }

Status register_shared_queue(Vm& vm, GuestRange, std::uint32_t slot) { return give_number(vm, slot); }

Status get_status(Vm& vm, std::uint32_t code_slot, GuestRange out) {
  if (!vm.memory().store(code_slot, 0u)) return Status::kInvalidMemoryAccess;
  return vm.give({}, out);
}

using U32 = std::uint32_t;
using I64 = std::int64_t;
using Range = GuestRange;

}  // namespace

void add_unavailable(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_set_tick_period_milliseconds", kRunning, &ok<U32>>("env"));
  table.push_back(import <"proxy_get_status", kRunning, &get_status>("env"));
  table.push_back(import <"proxy_http_call", kRunning, &internal_failure<Range, Range, Range, Range, U32, U32>>("env"));
  table.push_back(
      import <"proxy_grpc_call", kRunning, &internal_failure<Range, Range, Range, Range, Range, U32, U32>>("env"));
  table.push_back(import <"proxy_grpc_stream", kRunning, &internal_failure<Range, Range, Range, Range, U32>>("env"));
  table.push_back(import <"proxy_grpc_send", kRunning, &not_found<U32, Range, U32>>("env"));
  table.push_back(import <"proxy_grpc_cancel", kRunning, &not_found<U32>>("env"));
  table.push_back(import <"proxy_grpc_close", kRunning, &not_found<U32>>("env"));
  table.push_back(import <"proxy_register_shared_queue", kRunning, &register_shared_queue>("env"));
  table.push_back(import <"proxy_resolve_shared_queue", kRunning, &not_found<Range, Range, U32>>("env"));
  table.push_back(import <"proxy_enqueue_shared_queue", kRunning, &not_found<U32, Range>>("env"));
  table.push_back(import <"proxy_dequeue_shared_queue", kRunning, &not_found<U32, Range>>("env"));
  table.push_back(import <"proxy_define_metric", kRunning, &define_metric>("env"));
  table.push_back(import <"proxy_increment_metric", kRunning, &not_found<U32, I64>>("env"));
  table.push_back(import <"proxy_record_metric", kRunning, &not_found<U32, I64>>("env"));
  table.push_back(import <"proxy_get_metric", kRunning, &not_found<U32, U32>>("env"));
}

}  // namespace sallyport::wasm::abi
