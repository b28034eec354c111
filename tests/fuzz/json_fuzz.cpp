// What the parser accepts prints as JSON that means the same.

#include "json/parse.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  auto parsed = json::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  auto again = json::parse(json::print(*parsed));
  if (!again || *again != *parsed) std::abort();
  return 0;
}
