#pragma once
// What consistent hashing goes by: the part of a request that `hash_on` and `key` name. Compiled once, immutable.

#include "exchange/exchange.h"
#include "exchange/template.h"
#include "exchange/variable.h"
#include "resources/upstream.h"

#include <optional>
#include <string_view>

namespace sallyport::upstream {

class HashKey {
 public:
  explicit HashKey(const resources::Upstream& upstream);

  // In the arena of the exchange; the client's address where the request has no such part. As in APISIX one that is
  // there and empty counts.
  std::string_view of(const exchange::Exchange& exchange) const;

 private:
  std::optional<exchange::Variable> variable_;  // else the combination
  std::optional<exchange::Template> combination_;
};

}  // namespace sallyport::upstream
