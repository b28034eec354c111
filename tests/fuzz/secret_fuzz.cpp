// A reference to a secret is its parts, and nothing else.

#include "require.h"
#include "resources/secret.h"

#include <cstdint>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reference = resources::parse_secret_reference(text);
  if (!reference) {
    require(!reference.error().what.empty());
    return 0;
  }
  require(resources::is_secret_reference(text) && !reference->path.empty() && !reference->member.empty());
  require("$secret://" + reference->manager + "/" + reference->path + "/" + reference->member == text);
  return 0;
}
