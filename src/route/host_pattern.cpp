#include "route/host_pattern.h"

#include "base/bytes.h"
#include "exchange/exchange.h"

namespace sallyport::route {

HostPattern::HostPattern(std::string_view text)
    : text_(to_lower(text)),
      is_wildcard_(text.starts_with('*')),
      has_colon_(text.find(':') != std::string_view::npos) {}

bool HostPattern::matches(const exchange::Exchange& exchange) const {
  return matches(exchange.host) || (has_colon_ && matches(exchange.request.authority));
}

bool HostPattern::matches(std::string_view host) const {
  const std::string_view wanted = key();
  if (!is_wildcard_) return equals_ignoring_case(host, wanted);
  return host.size() >= wanted.size() && equals_ignoring_case(host.substr(host.size() - wanted.size()), wanted);
}

}  // namespace sallyport::route
