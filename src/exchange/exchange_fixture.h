#pragma once
// An Exchange in memory for unit tests; no part of the product.

#include "base/clock.h"
#include "exchange/exchange.h"

#include <string_view>

namespace sallyport::exchange {

struct ExchangeFixture {
  // `target` is "/path?query", already normalised.
  explicit ExchangeFixture(std::string_view target = "/", std::string_view method = "GET") {
    std::size_t mark = target.find('?');
    exchange.request_target = exchange.request.target = target;
    exchange.request_method = exchange.request.method = method;
    exchange.set_upstream_target(target);
    exchange.uri = exchange.arena.copy(target.substr(0, mark));
    exchange.timing.started = clock.steady();
  }

  ExchangeFixture& header(std::string_view name, std::string_view value) {
    exchange.request.headers.add(name, value);
    return *this;
  }

  FakeClock clock;
  Arena arena;
  Exchange exchange{arena, clock};
};

}  // namespace sallyport::exchange
