#pragma once

#include <cstdint>

namespace sallyport::wasm {

// What exchanges share: one long-lived VM a worker, or nothing (`isolation: worker` and `isolation: request`).
enum class Isolation : std::uint8_t { kWorker, kRequest };

}  // namespace sallyport::wasm
