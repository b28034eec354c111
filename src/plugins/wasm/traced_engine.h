#pragma once
// An Engine whose guests are watched: it puts itself around every host function and every call into an instance.
// Modules that another Engine has made know nothing of it, and it costs them nothing.

#include "plugins/wasm/engine.h"
#include "plugins/wasm/trace.h"

#include <memory>

namespace sallyport::wasm {

// Callbacks come one by one: what it makes has no sequences.
std::shared_ptr<Engine> with_trace(std::shared_ptr<Engine> engine, std::shared_ptr<Tracer> tracer);

}  // namespace sallyport::wasm
