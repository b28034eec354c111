// How long it takes to find the route of a request, and to change one route among many.
#include "route/route_fixture.h"

#include <benchmark/benchmark.h>

namespace sallyport::route {
namespace {

TableFixture table_of(std::int64_t routes) {
  TableFixture table;
  for (std::int64_t i = 0; i < routes; ++i) {
    const std::string n = std::to_string(i);
    table.add("literal" + n, route("/svc" + n + "/items"));
    table.add("host" + n, route("/api/*").host("h" + n + ".test"));
  }
  table.add("prefix", route("/static/*"));
  return table;
}

void match(benchmark::State& state, std::string_view path, std::string_view host) {
  const TableFixture table = table_of(state.range(0));
  exchange::ExchangeFixture request(path);
  TableFixture::name_host(request.exchange, host);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(table.table().match(request.exchange));
}
BENCHMARK_CAPTURE(match, literal, "/svc5/items", "any.test")->Arg(10)->Arg(50'000);
BENCHMARK_CAPTURE(match, prefix, "/static/js/app.js", "any.test")->Arg(10)->Arg(50'000);
BENCHMARK_CAPTURE(match, host, "/api/users/7", "h5.test")->Arg(10)->Arg(50'000);
BENCHMARK_CAPTURE(match, nothing, "/none", "any.test")->Arg(10)->Arg(50'000);

void change_one_route(benchmark::State& state) {
  TableFixture table = table_of(state.range(0));
  for ([[maybe_unused]] auto _ : state) table.remove("literal5").add("literal5", route("/svc5/items"));
}
BENCHMARK(change_one_route)->Arg(10)->Arg(50'000);

}  // namespace
}  // namespace sallyport::route

BENCHMARK_MAIN();
