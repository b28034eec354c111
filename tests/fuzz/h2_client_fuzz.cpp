// Whatever an upstream of HTTP/2 sends: each exchange ends, with a response that means the same to a client of
// HTTP/1.1, or with an error. The first byte says how the rest comes.

#include "async/manual_reactor_fixture.h"
#include "async/stream_fixture.h"
#include "async/task_group.h"
#include "h2/client_connection.h"
#include "rewritten.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sallyport;
using async::Task;
using Flush = wire::BodyWriter::Flush;

constexpr std::string_view kSettings{"\0\0\0\4\0\0\0\0\0", 9};  // an empty frame
constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST"};

// As the gateway tells it: a response that may have a body and comes without has an empty one.
http::ResponseHead& with_length(http::ResponseHead& head, std::string_view method) {
  if (head.body.kind != http::BodyLength::Kind::kNone || http::has_no_body(method, head.status)) return head;
  head.body = http::BodyLength::sized(0);
  head.announced_length.reset();
  return head;
}

Task<Status> ask(wire::ClientExchange& exchange, std::string_view method) {
  Arena arena;
  http::Headers headers(arena), trailers(arena);
  trailers.add("x-trailer", "1");
  const bool has_body = method == "POST";
  const wire::RequestLine line{method, "/p", "", false, "h"};
  CO_TRY_STATUS(
      exchange.begin_request(line, headers, has_body ? http::BodyLength::chunked() : http::BodyLength::none(), {}));
  const http::Chunk last{has_body ? "a body" : "", true, has_body ? &trailers : nullptr};
  CO_TRY_STATUS(co_await exchange.write(last, Flush::kNow));
  http::ResponseHead head(arena);
  do {
    head.headers.clear();
    CO_TRY_STATUS(co_await exchange.read_head(head));
    require(exchange.response_begun() && head.status != 101);
    require_same_when_written(method, with_length(head, method));
  } while (head.status < 200);
  std::uint64_t bytes = 0;
  for (bool is_last = head.body.is_empty(); !is_last;) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    bytes += piece->bytes.size();
    is_last = piece->is_last;
  }
  if (head.body.kind == http::BodyLength::Kind::kSized) require(bytes == head.body.bytes);
  http::Headers seen(arena);
  exchange.trailers(seen);
  co_return Status{};
}

Task<void> ask_one(h2::ClientConnection& connection, std::string_view method, std::size_t& under_way) {
  ++under_way;
  auto exchange = connection.begin_exchange();
  const Status status = co_await ask(*exchange, method);
  if (!status) require(status.error().side == Side::kUpstream);
  --under_way;
}

Task<void> ask_all(h2::ClientConnection& connection, async::TaskGroup& tasks, std::size_t& under_way) {
  const Status open = co_await connection.open(Milliseconds(60'000));
  if (!open) co_return;
  for (std::string_view method : kMethods) {
    if (connection.has_room()) tasks.spawn(ask_one(connection, method, under_way));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{1} << (2 * (data[0] & 7));
  const bool has_settings = (data[0] & 8) == 0, resets = (data[0] & 16) != 0;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  async::ManualReactor reactor;
  async::MemoryPeer peer;
  h2::ClientConnection connection(reactor, peer.stream(), "http");
  std::size_t under_way = 0;
  async::TaskGroup tasks;
  tasks.spawn(ask_all(connection, tasks, under_way));
  if (has_settings) peer.send(kSettings);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    peer.send(bytes.substr(0, piece));
    reactor.deliver();
  }
  if (resets) {
    peer.reset();
  } else {
    peer.end();
  }
  reactor.deliver();
  require(under_way == 0 && connection.is_over());
  return 0;
}
