#pragma once
// A unary gRPC call as a request and an answer of HTTP. Pure functions.

#include "http/call.h"
#include "plugins/wasm/context.h"

#include <string>
#include <string_view>

namespace sallyport::wasm {

// One message, not compressed, with its five bytes of length in front.
std::string grpc_frame(std::string_view message);

// What came back: the message, or why there is none.
AnsweredCall grpc_answer(http::CallResult result);

}  // namespace sallyport::wasm
