// How long it takes to read and write one head of ordinary size.
#include "http/target.h"
#include "wire/h1.h"

#include <benchmark/benchmark.h>

namespace sallyport::wire {
namespace {

// 303 bytes, six fields: what a load generator sends.
constexpr std::string_view kRequest =
    "GET /api/v1/users/12345/orders?limit=20&page=3 HTTP/1.1\r\n"
    "Host: gateway.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Authorization: Bearer 0123456789abcdef0123\r\n"
    "X-Trace: abcdefgh\r\n\r\n";

constexpr std::string_view kBrowserRequest =
    "GET /assets/app.js HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "
    "\"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
    "Gecko) "
    "Chrome/124.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nServer: upstream\r\nContent-Type: text/plain\r\n"
    "Content-Length: 100\r\nConnection: keep-alive\r\n\r\n";

void read_request(benchmark::State& state, std::string_view bytes) {
  Arena arena;
  for ([[maybe_unused]] auto _ : state) {
    arena.reset();
    http::RequestHead head(arena);
    benchmark::DoNotOptimize(parse_request_head(bytes, head, {}));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(read_request, ordinary, kRequest);
BENCHMARK_CAPTURE(read_request, browser, kBrowserRequest);

void read_response(benchmark::State& state) {
  Arena arena;
  for ([[maybe_unused]] auto _ : state) {
    arena.reset();
    http::ResponseHead head(arena);
    benchmark::DoNotOptimize(parse_response_head(kResponse, "GET", head, {}));
  }
}
BENCHMARK(read_response);

void write_request(benchmark::State& state) {
  Arena arena;
  http::RequestHead head(arena);
  parse_request_head(kRequest, head, {});
  RequestLine line{head.method, "/api/v1/users/12345/orders", "limit=20&page=3", true, "upstream.example.com:8080"};
  std::string out;
  for ([[maybe_unused]] auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(write_request_head(out, line, head.headers, head.body));
  }
}
BENCHMARK(write_request);

void write_response(benchmark::State& state) {
  Arena arena;
  http::ResponseHead head(arena);
  parse_response_head(kResponse, "GET", head, {});
  std::string out;
  for ([[maybe_unused]] auto _ : state) {
    out.clear();
    write_response_head(out, head, head.body, Connection::kKeepAlive);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_response);

void normalise(benchmark::State& state, std::string_view target) {
  Arena arena;
  for ([[maybe_unused]] auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(http::normalise_target(target, arena));
  }
}
BENCHMARK_CAPTURE(normalise, plain, "/api/v1/users/12345/orders?limit=20&page=3");
BENCHMARK_CAPTURE(normalise, escaped, "/api/v1/./users/%41%42/../orders?limit=20&page=3");

void decode_chunks(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 20; ++i) write_chunk(body, std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  write_last_chunk(body);
  for ([[maybe_unused]] auto _ : state) {
    ChunkedDecoder decoder;
    std::string_view unread = body;
    ChunkedDecoder::Step step;
    while (step.status == ParseStatus::kIncomplete) {
      step = decoder.next(unread);
      benchmark::DoNotOptimize(step.data.data());
      unread.remove_prefix(step.consumed);
    }
  }
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(4096);

}  // namespace
}  // namespace sallyport::wire

BENCHMARK_MAIN();
