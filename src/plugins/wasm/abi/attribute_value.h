#pragma once
// The bytes of built-in properties (proxy-wasm's encoding of CEL values), which live as long as the exchange. Pure.

#include "exchange/exchange.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::wasm::abi {

using Value = std::optional<std::string_view>;

inline Value bytes_of(const exchange::Exchange& exchange, std::uint64_t number) {
  return exchange.arena.copy({reinterpret_cast<const char*>(&number), sizeof(number)});
}
// A negative one is not known yet.
inline Value duration_of(const exchange::Exchange& exchange, std::chrono::nanoseconds duration) {
  if (duration.count() < 0) return std::nullopt;
  return bytes_of(exchange, static_cast<std::uint64_t>(duration.count()));
}
inline Value text_if_any(std::string_view text) { return text.empty() ? Value() : Value(text); }

}  // namespace sallyport::wasm::abi
