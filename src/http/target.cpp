#include "http/target.h"

#include "base/bytes.h"

#include <algorithm>

namespace sallyport::http {

std::optional<AbsoluteTarget> split_absolute(std::string_view target) noexcept {
  std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || !target.substr(colon).starts_with("://")) return std::nullopt;
  std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return std::nullopt;
  std::string_view rest = target.substr(colon + 3);
  std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  return AbsoluteTarget{rest.substr(0, end), rest.substr(end)};
}

}  // namespace sallyport::http
