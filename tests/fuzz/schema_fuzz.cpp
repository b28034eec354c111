// A JSON Schema and a value, whatever both are: what the check says of a value it says of the value with its defaults,
// which once filled are not filled again. The schema ends with a NUL.

#include "json/parse.h"
#include "json/schema.h"
#include "require.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\0'), size);
  const auto written = json::parse(text.substr(0, end));
  if (!written) return 0;
  const auto schema = json::Schema::compile(*written);
  if (!schema) {
    require(!schema.error().what.empty());
    return 0;
  }
  const auto value = json::parse(text.substr(std::min(end + 1, size)));
  if (!value) return 0;
  const Status verdict = schema->check(*value);
  require(verdict.has_value() || !verdict.error().what.empty());
  json::Value filled = *value;
  schema->fill_defaults(filled);
  require(schema->check(filled).has_value() == verdict.has_value());
  json::Value again = filled;
  schema->fill_defaults(again);
  require(again == filled);
  return 0;
}
