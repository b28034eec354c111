// Whatever stands in a text with variables: what it comes to is its own text and values of the request, and a constant
// is itself. The text ends with a NUL; behind it are the request's target and fields, a line each.

#include "exchange/exchange_fixture.h"
#include "exchange/template.h"
#include "request_text.h"
#include "require.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\0'), size);
  const exchange::Template compiled(text.substr(0, end));
  RequestText request(text.substr(std::min(end + 1, size)));
  const std::string_view rendered = compiled.render(request.exchange());
  if (compiled.is_constant()) require(rendered == text.substr(0, end));
  std::string expected;
  for (const auto& part : compiled.parts()) {
    expected += part.text;
    if (part.variable) expected += part.variable->of(request.exchange()).value_or(part.otherwise);
  }
  require(rendered == expected);
  return 0;
}
