// Whatever a module calls its functions: each has a readable name.

#include "plugins/wasm/function_names.h"
#include "require.h"

#include <cstdint>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view symbol(reinterpret_cast<const char*>(data), size);
  const std::string name = wasm::readable_name(symbol);
  wasm::carries_panic(name);
  return 0;
}
