#pragma once
// The functions that plugins export for the host to call (Proxy-Wasm 0.1.0, 0.2.0 and 0.2.1), with their types.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/module_reader.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::wasm {

enum class Callback : std::uint8_t {
  kContextCreate,
  kVmStart,
  kValidateConfiguration,
  kConfigure,
  kRequestHeaders,
  kRequestBody,
  kRequestTrailers,
  kResponseHeaders,
  kResponseBody,
  kResponseTrailers,
  kDone,
  kLog,
  kDelete,
  kTick,
  kHttpCallResponse,
  kQueueReady,
  kForeignFunction,
  kGrpcReceive,
  kGrpcClose,
  kGrpcInitialMetadata,
  kGrpcTrailingMetadata,
};
inline constexpr std::size_t kCallbacks = 21;

// All parameters are i32, and so is the result if there is one.
struct CallbackShape {
  std::string_view name;
  std::uint8_t least_params;  // 0.1.0 passes no end-of-stream flag to the callbacks of headers
  std::uint8_t most_params;
  bool has_result;
  std::string_view other_name = {};  // under which some SDKs export it

  bool fits(const Signature& signature) const;
  std::string expected() const;  // "(i32, i32) -> i32"
  bool has_name(std::string_view text) const { return text == name || (!other_name.empty() && text == other_name); }
  // Null where a module does not export it.
  const ModuleExport* find(const ModuleOutline& outline) const;
};

inline constexpr std::array<CallbackShape, kCallbacks> kCallbackShapes{{
    {"proxy_on_context_create", 2, 2, false},
    {"proxy_on_vm_start", 2, 2, true},
    {"proxy_validate_configuration", 2, 2, true},
    {"proxy_on_configure", 2, 2, true},
    {"proxy_on_request_headers", 2, 3, true},
    {"proxy_on_request_body", 3, 3, true},
    {"proxy_on_request_trailers", 2, 2, true},
    {"proxy_on_response_headers", 2, 3, true},
    {"proxy_on_response_body", 3, 3, true},
    {"proxy_on_response_trailers", 2, 2, true},
    {"proxy_on_done", 1, 1, true},
    {"proxy_on_log", 1, 1, false},
    {"proxy_on_delete", 1, 1, false},
    {"proxy_on_tick", 1, 1, false},
    {"proxy_on_http_call_response", 5, 5, false},
    {"proxy_on_queue_ready", 2, 2, false},
    {"proxy_on_foreign_function", 3, 3, false},
    {"proxy_on_grpc_receive", 3, 3, false},
    {"proxy_on_grpc_close", 3, 3, false},
    {"proxy_on_grpc_receive_initial_metadata", 3, 3, false},
    {"proxy_on_grpc_receive_trailing_metadata", 3, 3, false, "proxy_on_grpc_trailing_metadata"},
}};

constexpr const CallbackShape& shape_of(Callback callback) {
  return kCallbackShapes[static_cast<std::size_t>(callback)];
}

}  // namespace sallyport::wasm
