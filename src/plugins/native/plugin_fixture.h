#pragma once
// A chain of native plugins at work on an exchange in memory, for unit tests; no part of the product.

#include "base/bytes.h"
#include "chain/catalog.h"
#include "chain/probe_fixture.h"
#include "exchange/exchange_fixture.h"
#include "json/parse.h"
#include "plugins/native/native_plugins.h"

#include <string>
#include <string_view>

namespace sallyport::plugins::native {

using chain::Phase;
using chain::Verdict;

inline Result<std::vector<chain::Link>> compile(std::string_view plugins) {
  static const chain::Catalog catalog = [] {
    chain::Catalog all;
    add_native_plugins(all);
    return all;
  }();
  json::Value parsed = json::parse(plugins).value();
  return chain::finish(chain::compile_links(catalog, parsed.object(), "routes/1", nullptr));
}

// Why `conf` is refused, without the words that every refusal begins with.
inline std::string refusal(std::string_view plugin, std::string_view conf) {
  auto links = compile("{\"" + std::string(plugin) + "\":" + std::string(conf) + "}");
  if (links) return "accepted";
  std::string_view what = links.error().what;
  return std::string(what.substr(what.find(" err: ") + 6));
}

struct PluginFixture : exchange::ExchangeFixture {
  // `plugins` as a route has them: {"request-id": {}}.
  explicit PluginFixture(std::string_view plugins, std::string_view target = "/", std::string_view method = "GET")
      : ExchangeFixture(target, method), chain(compile(plugins).value()) {}

  Verdict run(Phase phase) { return chain::finish(at_work.run(phase)); }

  // What becomes of a response body that arrives in these pieces.
  std::string response_body(const std::vector<std::string>& pieces) {
    std::string all;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      http::Chunk passed;
      http::Chunk arrived{pieces[i], i + 1 == pieces.size()};
      Verdict verdict = chain::finish(at_work.run_body(Phase::kResponseBody, arrived, passed));
      if (!verdict.proceeds()) return all + "[" + (verdict.error() ? verdict.error()->what : "answered") + "]";
      all += passed.bytes;
    }
    return all;
  }

  // All lines of that field of the request or the response, ", " between them.
  std::string request_field(std::string_view name) { return lines(exchange.request.headers, name); }
  std::string response_field(std::string_view name) { return lines(exchange.response.headers, name); }

  static std::string lines(const http::Headers& headers, std::string_view name) {
    std::string all;
    for (const http::Field& field : headers) {
      if (equals_ignoring_case(field.name, name)) all += (all.empty() ? "" : ", ") + std::string(field.value);
    }
    return all;
  }

  // The response of an upstream, before the chain sees it.
  PluginFixture& upstream_answers(int status) {
    exchange.response_source = exchange::ResponseSource::kUpstream;
    exchange.response.status = exchange.upstream_status = status;
    return *this;
  }

  chain::Chain chain;
  chain::ChainRun at_work{chain, exchange, {}};
};

}  // namespace sallyport::plugins::native
