#include "upstream/hash_key.h"

#include <algorithm>
#include <string>

namespace sallyport::upstream {
namespace {

std::string variable_name(const resources::Upstream& upstream) {
  switch (upstream.hash_on) {
    case resources::HashOn::kHeader:
      return "http_" + upstream.key;
    case resources::HashOn::kCookie:
      return "cookie_" + upstream.key;
    case resources::HashOn::kConsumer:
      return "consumer_name";
    default:
      return upstream.key;
  }
}

bool has_any_value(const exchange::Template& combination, const exchange::Exchange& exchange) {
  return std::ranges::any_of(combination.parts(), [&](const exchange::Template::Part& part) {
    return part.variable && (!part.otherwise.empty() || part.variable->of(exchange).has_value());
  });
}

}  // namespace

HashKey::HashKey(const resources::Upstream& upstream) {
  if (upstream.hash_on == resources::HashOn::kVarsCombinations) {
    combination_.emplace(upstream.key);
  } else {
    variable_.emplace(variable_name(upstream));
  }
}

std::string_view HashKey::of(const exchange::Exchange& exchange) const {
  if (variable_) return variable_->of(exchange).value_or(exchange.client.ip);
  return has_any_value(*combination_, exchange) ? combination_->render(exchange) : exchange.client.ip;
}

}  // namespace sallyport::upstream
