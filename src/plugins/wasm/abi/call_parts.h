#pragma once
// What calls over HTTP and over gRPC have in common.

#include "http/call.h"
#include "plugins/wasm/context.h"
#include "plugins/wasm/pairs.h"
#include "plugins/wasm/vm.h"

#include <string_view>
#include <vector>

namespace sallyport::wasm::abi {

// Without pseudo-headers, host and framing, which are the gateway's; what cannot stand in a message is left out.
http::OwnedFields fields_of(Vm& vm, const std::vector<Pair>& pairs);

// Whether the settings of the plugin list that "host:port".
bool is_allowed_host(const RootContext& root, std::string_view name);

}  // namespace sallyport::wasm::abi
