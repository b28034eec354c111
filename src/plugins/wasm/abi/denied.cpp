// What a host call answers that the plugin's capabilities do not name: 10 where SDKs know what to do with it, else what
// says that there is nothing, so that no SDK stops the plugin; 76 for WASI.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/plugin_metrics.h"

#include <span>
#include <string>

namespace sallyport::wasm::abi {
namespace {

constexpr std::uint32_t kNotCapable = 76;  // of WASI

struct Denied {
  std::string_view name;
  Status status;
  std::string_view outs = "";  // for each argument: 'z' a slot that gets 0, 'Z' one of eight bytes, '.' none
};
constexpr Denied kDenied[] = {
    {"proxy_log", Status::kOk},
    {"proxy_get_log_level", Status::kOk, "c"},
    {"proxy_get_current_time_nanoseconds", Status::kOk, "Z"},
    {"proxy_set_tick_period_milliseconds", Status::kOk},
    {"proxy_get_configuration", Status::kOk, "zz"},
    {"proxy_get_status", Status::kOk, "zzz"},
    {"proxy_set_property", Status::kOk},
    {"proxy_get_property", Status::kInternalFailure},
    {"proxy_continue_request", Status::kOk},
    {"proxy_continue_response", Status::kOk},
    {"proxy_clear_route_cache", Status::kOk},
    {"proxy_continue_stream", Status::kOk},
    {"proxy_close_stream", Status::kOk},
    {"proxy_send_local_response", Status::kOk},
    {"proxy_get_header_map_size", Status::kOk, ".z"},
    {"proxy_get_header_map_pairs", Status::kOk, ".zz"},
    {"proxy_set_header_map_pairs", Status::kOk},
    {"proxy_get_header_map_value", Status::kNotFound},
    {"proxy_add_header_map_value", Status::kOk},
    {"proxy_replace_header_map_value", Status::kOk},
    {"proxy_remove_header_map_value", Status::kOk},
    {"proxy_get_buffer_bytes", Status::kNotFound},
    {"proxy_get_buffer_status", Status::kNotFound},
    {"proxy_set_buffer_bytes", Status::kOk},
    {"proxy_http_call", Status::kInternalFailure},
    {"proxy_grpc_call", Status::kInternalFailure},
    {"proxy_grpc_stream", Status::kInternalFailure},
    {"proxy_grpc_send", Status::kNotFound},
    {"proxy_grpc_cancel", Status::kNotFound},
    {"proxy_grpc_close", Status::kNotFound},
    {"proxy_get_shared_data", Status::kNotFound},
    {"proxy_set_shared_data", Status::kOk},
    {"proxy_register_shared_queue", Status::kOk, "..z"},
    {"proxy_resolve_shared_queue", Status::kNotFound},
    {"proxy_enqueue_shared_queue", Status::kNotFound},
    {"proxy_dequeue_shared_queue", Status::kEmpty},
    {"proxy_define_metric", Status::kOk, "...m"},
    {"proxy_increment_metric", Status::kNotFound},
    {"proxy_record_metric", Status::kNotFound},
    {"proxy_get_metric", Status::kNotFound},
    {"proxy_set_effective_context", Status::kBadArgument},
    {"proxy_done", Status::kOk},
    {"proxy_call_foreign_function", Status::kInternalFailure},
    {"proxy_redis_init", Status::kInternalFailure},
    {"proxy_redis_call", Status::kInternalFailure},
    {"proxy_get_upstream_hosts", Status::kInternalFailure},
    {"proxy_set_upstream_override_host", Status::kInternalFailure},
    {"proxy_inject_encoded_data_to_filter_chain", Status::kInternalFailure},
    {"envoy_resolve_dns", Status::kInternalFailure},
};

const Denied* find(std::string_view name) {
  const auto* found = std::ranges::find(kDenied, name, &Denied::name);
  return found == std::end(kDenied) ? nullptr : found;
}

bool fill(Vm& vm, char what, std::uint32_t at, std::uint32_t first_argument) {
  switch (what) {
    case 'z':
      return vm.memory().store(at, 0u);
    case 'Z':
      return vm.memory().store(at, std::uint64_t{0});
    case 'c':  // nothing below is written
      return vm.memory().store(at, static_cast<std::uint32_t>(LogLevel::kCritical));
    case 'm':
      return vm.memory().store(at, PluginMetrics::overflow_of(static_cast<MetricType>(first_argument & 3)));
    default:
      return true;
  }
}

std::uint32_t answer(Vm& vm, const Denied& denied, const Slot* slots) {
  for (std::size_t i = 0; i < denied.outs.size(); ++i) {
    if (!fill(vm, denied.outs[i], slots[i].u32(), slots[0].u32()))
      return static_cast<std::uint32_t>(Status::kInvalidMemoryAccess);
  }
  return static_cast<std::uint32_t>(denied.status);
}

}  // namespace

bool deny(Vm& vm, std::string_view name, Slot* slots) {
  const Denied* denied = find(name);
  std::uint32_t result = denied ? answer(vm, *denied, slots) : kNotCapable;
  if (vm.hears_first_of(name)) {
    vm.warn_once("it called " + std::string(name) + ", which its capabilities do not name, and gets " +
                 std::to_string(result) + "; add it to them if it shall have it");
  }
  slots[0].set(result);
  return true;
}

}  // namespace sallyport::wasm::abi
