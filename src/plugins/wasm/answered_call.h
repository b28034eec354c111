#pragma once
// What a guest is told of one of its calls. A plain value.

#include "http/call.h"
#include "plugins/wasm/call_counts.h"
#include "plugins/wasm/callbacks.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sallyport::wasm {

// How a gRPC call ended.
struct GrpcEnd {
  std::uint32_t status = 0;  // 0: well
  std::string message;
  CallOutcome outcome = CallOutcome::kAnswered;
};

// The answer to a HTTP call, or a part of that to a gRPC call. Without headers, that to a HTTP call broke off, or there
// was none.
struct AnsweredCall {
  Callback callback = Callback::kHttpCallResponse;  // which tells it
  http::OwnedFields headers;                        // of a HTTP call: `:status` first
  std::string body;                                 // of a gRPC call: a message
  http::OwnedFields trailers;
  std::optional<GrpcEnd> grpc;  // of a gRPC call; it has ended where the callback says so
  bool is_reset() const noexcept { return headers.empty() && !grpc; }
};

}  // namespace sallyport::wasm
