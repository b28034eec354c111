#include "admin/http_service.h"

#include "async/until_set.h"
#include "base/log.h"
#include "http/date.h"
#include "http/target.h"

namespace sallyport::admin {

using http::BodyLength;
using http::Response;
constexpr std::size_t kUsualBody = 1536 * 1024;

using Next = wire::ServerConnection::Next;

namespace {

// One more, as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::size_t& count_;
};

}  // namespace

HttpService::HttpService(async::Reactor& reactor, Handle handle, Limits limits)
    : reactor_(reactor), handle_(std::move(handle)), limits_(std::move(limits)) {}

HttpService::~HttpService() = default;

Result<async::Address> HttpService::listen_on(int socket) {
  auto serve = [this](async::Arrival arrival) {
    connections_.spawn(serve_connection(reactor_.adopt(std::move(arrival))));
  };
  TRY(auto listener, reactor_.listen_on(socket, serve));
  listeners_.push_back(std::move(listener));
  return listeners_.back()->local_address();
}

void HttpService::set_accepting(bool accepting) {
  for (auto& listener : listeners_) listener->set_accepting(accepting);
}

// What listeners accept as they end comes behind those that end now, and has its first request answered.
void HttpService::drain() {
  draining_ = true;
  while (!pauses_.empty()) pauses_.extract(pauses_.begin()).value()->set();
  listeners_.clear();
}

Task<void> HttpService::serve_connection(async::Accepted accepted) {
  wire::ServerConnection connection(reactor_, std::move(accepted.stream), wire_limits_);
  while (co_await serve_next(connection, accepted.peer) && co_await wait_for_further_request(connection)) {
  }
  if (connection.response_ended()) co_await connection.linger();
}

Task<bool> HttpService::wait_for_further_request(wire::ServerConnection& connection) {
  if (draining_) co_return connection.has_unread();
  async::Event ended;
  pauses_.insert(&ended);
  async::UntilSet<bool> wait(ended, connection.wait_for_request());
  const std::optional<bool> is_there = co_await wait;
  pauses_.erase(&ended);
  co_return is_there.value_or(false);
}

// Whether the connection may carry another request.
Task<bool> HttpService::serve_next(wire::ServerConnection& connection, const async::Address& peer) {
  Arena arena;
  http::RequestHead head(arena);
  Next next = co_await connection.read_head(head);
  if (next.kind == Next::Kind::kEnd) co_return false;
  const Counted under_way(busy_);
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
  if (draining_ || !connection.body().ended()) connection.close_after_response();
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
