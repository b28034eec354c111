#include "app/loopback_upstream.h"

#include "base/arena.h"

#include <utility>

namespace sallyport::app {

Result<std::unique_ptr<LoopbackUpstream>> LoopbackUpstream::open(async::Reactor& reactor, http::Response answer) {
  std::unique_ptr<LoopbackUpstream> upstream(new LoopbackUpstream(reactor, std::move(answer)));
  TRY(auto anywhere, async::Address::from_ip("127.0.0.1", 0));
  auto accept = [upstream = upstream.get()](async::Accepted accepted) {
    upstream->connections_.spawn(upstream->serve(std::move(accepted.stream)));
  };
  TRY(upstream->listener_, reactor.listen(anywhere, async::SharePort::kNo, accept));
  return upstream;
}

async::Task<void> LoopbackUpstream::serve(async::StreamPtr stream) {
  wire::ServerConnection connection(reactor_, std::move(stream), limits_);
  while (co_await serve_next(connection)) {
  }
}

async::Task<bool> LoopbackUpstream::serve_next(wire::ServerConnection& connection) {
  if (!co_await connection.first_bytes()) co_return false;
  Arena arena;
  http::RequestHead head(arena);
  auto next = co_await connection.read_head(head);
  if (next.kind != wire::ServerConnection::Next::Kind::kRequest) co_return false;
  WholeMessage request = whole(head);
  for (bool is_last = head.body.is_empty(); !is_last;) {
    auto piece = co_await connection.read_body();
    if (!piece) co_return false;
    add_piece(request, *piece);
    is_last = piece->is_last;
  }
  if (connection.body().has_trailers()) {
    http::Headers trailers(arena);
    connection.body().trailers(trailers);
    request.trailers = http::owned(trailers);
  }
  requests_.push_back(std::move(request));
  begin_answer(connection, arena, head.method);
  const bool has_body = !http::has_no_body(head.method, answer_.status);
  http::Chunk body{has_body ? std::string_view(answer_.body) : std::string_view(), true};
  auto sent = co_await connection.write(body, wire::BodyWriter::Flush::kNow);
  co_return sent&& connection.is_reusable();
}

void LoopbackUpstream::begin_answer(wire::ServerConnection& connection, Arena& arena, std::string_view method) const {
  http::ResponseHead head(arena);
  head.status = answer_.status;
  for (const auto& [name, value] : answer_.headers) head.headers.add(name, value);
  auto length = http::BodyLength::sized(answer_.body.size());
  if (http::has_no_body(method, answer_.status)) {
    length = http::BodyLength::none();
    head.announced_length = answer_.body.size();
  }
  connection.begin_response(head, length);
}

}  // namespace sallyport::app
