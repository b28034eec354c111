#pragma once
// The answer that a plugin gives with proxy_send_local_response, made safe to send.

#include "exchange/exchange.h"
#include "http/message.h"
#include "plugins/wasm/pairs.h"
#include "plugins/wasm/vm.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

// A status outside 200..599 becomes 500; fields of framing and invalid ones are left out; a body is text/plain unless
// the plugin says otherwise. A gRPC request gets a 200 with `grpc-status` (given from 0 to 16, else after the HTTP
// status) and the body as `grpc-message`.
http::Response make_local_response(Vm& vm, const exchange::Exchange& exchange, std::uint32_t status,
                                   std::string_view body, const std::vector<Pair>& headers, std::int32_t grpc_status);

// What a plugin says of why it answers, as one word of 256 bytes at most: white space and control characters become
// underscores.
std::string as_details(std::string_view text);

}  // namespace sallyport::wasm
