#include "admin/http_service.h"

#include "base/log.h"
#include "http/date.h"
#include "http/target.h"

namespace sallyport::admin {

using http::BodyLength;
using http::Response;
constexpr std::size_t kUsualBody = 1536 * 1024;

using Next = wire::ServerConnection::Next;

HttpService::HttpService(async::Reactor& reactor, Handle handle, Limits limits)
    : reactor_(reactor), handle_(std::move(handle)), limits_(std::move(limits)) {}

HttpService::~HttpService() = default;

Result<async::Address> HttpService::listen(const async::Address& address) {
  auto accept = [this](async::Accepted accepted) { connections_.spawn(serve_connection(std::move(accepted))); };
  TRY(auto listener, reactor_.listen(address, async::SharePort::kNo, accept));
  listeners_.push_back(std::move(listener));
  return listeners_.back()->local_address();
}

Task<void> HttpService::serve_connection(async::Accepted accepted) {
  wire::ServerConnection connection(reactor_, std::move(accepted.stream), wire_limits_);
  while (co_await serve_next(connection, accepted.peer)) {
  }
  if (connection.response_ended()) co_await connection.linger();
}

// Whether the connection carries another request.
Task<bool> HttpService::serve_next(wire::ServerConnection& connection, const async::Address& peer) {
  Arena arena;
  http::RequestHead head(arena);
  Next next = co_await connection.read_head(head);
  if (next.kind == Next::Kind::kEnd) co_return false;
  Response response;
  if (next.kind == Next::Kind::kRefused) {
    connection.close_after_response();
    response = Response::error(next.refusal, http::reason_phrase(next.refusal));
  } else {
    response = co_await answer(connection, head, arena, peer);
  }
  http::ResponseHead out(arena);
  out.status = response.status;
  for (const auto& [name, value] : response.headers) out.headers.add_view(name, value);
  out.headers.add_view("Date", http::current_date());
  bool silent = http::has_no_body(head.method, response.status);
  if (silent && head.method == "HEAD") out.announced_length = response.body.size();
  if (!connection.body().ended()) connection.close_after_response();
  connection.begin_response(out, silent ? BodyLength::none() : BodyLength::sized(response.body.size()));
  std::string_view body = silent ? std::string_view{} : std::string_view(response.body);
  auto sent = co_await connection.write({body, true}, wire::BodyWriter::Flush::kNow);
  co_return sent&& connection.is_reusable();
}

Task<Response> HttpService::answer(wire::ServerConnection& connection, const http::RequestHead& head, Arena& arena,
                                   const async::Address& peer) {
  auto target = http::normalise_target(head.target, arena);
  if (!target) co_return Response::error(400, "the path is not acceptable: " + std::string(target.error()));
  if (head.expects_continue) {
    http::ResponseHead interim(arena);
    interim.status = 100;
    co_await connection.send_interim(interim);
  }
  std::string body;
  ServiceRequest request{head, target->uri, target->query, body, peer};
  const std::size_t limit = limits_.body ? limits_.body(request) : kUsualBody;
  while (!connection.body().ended()) {
    auto piece = co_await connection.read_body();
    if (!piece) co_return Response::error(400, piece.error().what);
    if (body.size() + piece->bytes.size() > limit) {
      co_return limits_.too_large ? limits_.too_large(limit) : Response::error(413, "request body is too large");
    }
    body.append(piece->bytes);
  }
  request.body = body;
  try {
    co_return co_await handle_(request);
  } catch (const std::exception& thrown) {
    log::error("{} {}: {}", head.method, head.target, thrown.what());
  }
  connection.close_after_response();
  co_return Response::error(500, "internal error; the reason is in the error log");
}

}  // namespace sallyport::admin
