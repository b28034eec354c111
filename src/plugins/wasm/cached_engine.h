#pragma once
// An Engine that keeps what it compiles on the disk, and finds it there at the next start.

#include "plugins/wasm/code_cache.h"
#include "plugins/wasm/engine.h"

#include <memory>

namespace sallyport::wasm {

// What `engine` compiles goes into `cache`, under the SHA-256 of the module, its sequences and the engine's
// fingerprint. Code that the engine does not take is compiled anew.
std::shared_ptr<Engine> with_cache(std::shared_ptr<Engine> engine, std::shared_ptr<CodeCache> cache);

}  // namespace sallyport::wasm
