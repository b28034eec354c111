#include "upstream/hash_key.h"

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

}  // namespace

HashKey::HashKey(const resources::Upstream& upstream) {
  if (upstream.hash_on == resources::HashOn::kVarsCombinations) {
    combination_.emplace(upstream.key);
  } else {
    variable_.emplace(variable_name(upstream));
  }
}

std::string_view HashKey::of(const exchange::Exchange& exchange) const {
  const std::string_view part = variable_ ? variable_->of(exchange).value_or("") : combination_->render(exchange);
  return part.empty() ? exchange.client.ip : part;
}

}  // namespace sallyport::upstream
