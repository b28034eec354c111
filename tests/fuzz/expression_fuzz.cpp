// Whatever stands in `vars` or in a filter: it compiles or says what is wrong, and then it answers, twice the same, for
// any request. The text is the expression, then behind a NUL the request's target and fields, a line each.

#include "exchange/exchange_fixture.h"
#include "exchange/expression.h"
#include "json/parse.h"
#include "request_text.h"
#include "require.h"

#include <cstdint>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\0'), size);
  auto value = json::parse(text.substr(0, end));
  if (!value) return 0;
  auto expression = exchange::Expression::compile(*value);
  if (!expression) {
    require(!expression.error().what.empty());
    return 0;
  }
  RequestText request(text.substr(std::min(end + 1, size)));
  const bool matches = expression->matches(request.exchange());
  require(expression->matches(request.exchange()) == matches);
  if (expression->always_true()) require(matches);
  return 0;
}
