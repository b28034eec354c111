#pragma once
// Functions that guests call by name, by topic: bytes for an argument, bytes for a result. `argument` lies in guest
// memory.

#include "plugins/wasm/abi/codes.h"
#include "plugins/wasm/vm.h"

#include <string>
#include <string_view>

namespace sallyport::wasm::abi {

// The route of the exchange is chosen once more before its request leaves. Without an exchange, nothing happens.
void choose_route_again(Vm& vm);

// zlib's format (RFC 1950). Both answer kSerializationFailure where the argument cannot be had, or its result would be
// larger than 4 MiB: a guest's time is not looked at within a host call.
Status compress(Vm& vm, std::string_view argument, std::string& result);
Status uncompress(Vm& vm, std::string_view argument, std::string& result);

// Digital signatures, with the messages of Envoy's `verify_signature.proto` and `sign.proto`. kBadArgument: the message
// is damaged, or has no key, or two of them, or one that cannot be read.
Status verify_signature(Vm& vm, std::string_view argument, std::string& result);
Status sign(Vm& vm, std::string_view argument, std::string& result);

}  // namespace sallyport::wasm::abi
