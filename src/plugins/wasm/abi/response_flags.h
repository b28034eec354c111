#pragma once
// Why a response is what it is, in the bits of Envoy's %RESPONSE_FLAGS%. A pure function.

#include "exchange/exchange.h"

#include <cstdint>
#include <optional>

namespace sallyport::wasm::abi {

// From what the gateway knows of the exchange so far. 0: none of Envoy's causes. Nothing: there is a cause, but not one
// of which Envoy has a bit, or knows that it has none.
std::optional<std::uint64_t> response_flags(const exchange::Exchange& exchange);

}  // namespace sallyport::wasm::abi
