#pragma once
// A request as lines: its target, then a field each, "name: value". For fuzz targets of what looks at requests.

#include "base/bytes.h"
#include "exchange/exchange_fixture.h"

#include <algorithm>
#include <string_view>

namespace sallyport {

class RequestText {
 public:
  explicit RequestText(std::string_view lines) : fixture_(next(lines)) {
    while (!lines.empty()) {
      const std::string_view line = next(lines);
      const std::size_t colon = line.find(':');
      if (colon != std::string_view::npos) fixture_.header(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
  }
  const exchange::Exchange& exchange() const { return fixture_.exchange; }

 private:
  static std::string_view next(std::string_view& lines) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    return line;
  }
  exchange::ExchangeFixture fixture_;
};

}  // namespace sallyport
