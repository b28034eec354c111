// Whatever the format and whatever the values: what is logged is one line, and the JSON form is JSON. The text is the
// format, then behind a NUL a value that every variable has.

#include "json/parse.h"
#include "require.h"
#include "telemetry/access_log_format.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace sallyport;
using telemetry::AccessLogFormat;
using telemetry::Escape;

std::string line_of(const AccessLogFormat& format, std::optional<std::string_view> value) {
  std::string line;
  format.render(line, [&](std::size_t index) {
    require(index < format.variables().size());
    return value;
  });
  require(line.find_first_of("\r\n") == std::string::npos);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\0'), size);
  const std::string_view value = text.substr(std::min(end + 1, size));
  for (Escape escape : {Escape::kDefault, Escape::kJson, Escape::kNone}) {
    auto format = AccessLogFormat::compile(text.substr(0, end), escape);
    if (!format) continue;
    line_of(*format, value);
    line_of(*format, std::nullopt);
  }
  line_of(AccessLogFormat::standard(), value);
  require(json::parse(line_of(AccessLogFormat::json(), value)).has_value());
  require(json::parse(line_of(AccessLogFormat::json(), std::nullopt)).has_value());
  return 0;
}
