#pragma once
// gRPC over HTTP: a message in its frame, how a call ended, and a unary call as a request and an answer. Pure
// functions.

#include "http/call.h"
#include "plugins/wasm/answered_call.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::wasm {

inline constexpr std::size_t kGrpcFrameHead = 5;

// One message, not compressed, with its five bytes of length in front.
std::string grpc_frame(std::string_view message);

// What the first bytes of a frame say of its message. They are kGrpcFrameHead at least.
struct GrpcFrameHead {
  std::size_t size = 0;
  bool is_compressed = false;
};
GrpcFrameHead grpc_frame_head(std::string_view frame);

// What the server says; nothing where it does not.
std::optional<GrpcEnd> grpc_end_in(const http::OwnedFields& fields);
// Where it has said nothing.
GrpcEnd grpc_end_without_status(int http_status);
GrpcEnd grpc_end_of(const http::CallFailure& failure);

// Of a unary call: the message, or why there is none.
AnsweredCall grpc_answer(http::CallResult result);

}  // namespace sallyport::wasm
