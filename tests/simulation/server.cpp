#include "simulation/server.h"

#include "wire/body_reader.h"
#include "wire/h1.h"

#include <fmt/format.h>

#include <utility>

namespace sallyport::simulation {

using async::IoStatus;

namespace {

constexpr Milliseconds kPatience{3'600'000};

std::string head_of(const Entry& entry) {
  const Plan& plan = entry.plan;
  std::string head;
  for (unsigned i = 0; i < plan.interims; ++i) head += "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
  head += fmt::format("HTTP/1.1 {} Whatever\r\nX-From: upstream\r\nX-Number: {}\r\n", plan.status, entry.number);
  if (plan.upstream_closes || plan.framing == Framing::kUntilClose) head += "Connection: close\r\n";
  const bool has_none = plan.status == 204 || plan.status == 304;
  if (!has_none && plan.framing == Framing::kSized) head += fmt::format("Content-Length: {}\r\n", plan.response_bytes);
  if (!has_none && plan.framing == Framing::kChunked) head += "Transfer-Encoding: chunked\r\n";
  return head + "\r\n";
}

std::string framed(const Entry& entry, const std::string& body, async::SeededChance& chance) {
  if (entry.plan.framing != Framing::kChunked) return body;
  return in_chunks(body, trailer_of(entry, true), chance);
}

}  // namespace

void note_arrival(World& world, Entry& entry) {
  constexpr unsigned kMostTries = 3 * 2;  // of each try one on a kept connection that had ended
  if (++entry.heads == 1 || (entry.plan.may_be_repeated() && entry.heads <= kMostTries)) return;
  world.violate(
      fmt::format("request {} ({}) came to an upstream {} times", entry.number, entry.plan.method, entry.heads));
}

void note_body(World& world, Entry& entry, const std::string& body, std::string_view trailer) {
  ++entry.wholes;
  if (trailer != trailer_of(entry, false)) {
    world.violate(fmt::format("request {} came with the trailer '{}'", entry.number, trailer));
  }
  if (body == body_of(entry.number, false, entry.plan.request_bytes)) return;
  world.violate(fmt::format("request {} came with another body ({} bytes of {})", entry.number, body.size(),
                            entry.plan.request_bytes));
}

struct Server::Connection {
  Connection(World& of, async::StreamPtr its_stream) : world(of), stream(std::move(its_stream)) {
    ++world.upstream_connections;
  }
  ~Connection() { --world.upstream_connections; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  World& world;
  async::StreamPtr stream;
};

Server::Server(World& world, const std::string& ip, std::uint16_t port) : world_(world) {
  auto accept = [this](async::Accepted accepted) { world_.loop.tasks.spawn(serve(std::move(accepted.stream))); };
  listener_ =
      std::move(world_.reactor.listen(*async::Address::from_ip(ip, port), async::SharePort::kNo, accept).value());
}

Task<void> Server::serve(async::StreamPtr stream) {
  Connection connection(world_, std::move(stream));
  if (reads_after.count() > 0) co_await world_.pause(reads_after);
  while (co_await serve_next(connection)) {
  }
}

void Server::break_off(Connection& connection, const Plan& plan) {
  if (plan.breaks_hard) connection.stream->break_at_end();
}

// Whether the connection may carry another request.
Task<bool> Server::serve_next(Connection& connection) {
  async::Stream& stream = *connection.stream;
  Arena arena;
  http::RequestHead head(arena);
  for (;;) {
    const auto outcome = wire::parse_request_head(stream.unread(), head, {});
    if (outcome.status == wire::ParseStatus::kInvalid) {
      world_.violate(fmt::format("an upstream got what is no request: {}", outcome.reason));
      co_return false;
    }
    if (outcome.status == wire::ParseStatus::kComplete) {
      stream.consume(outcome.bytes);
      break;
    }
    const bool is_idle = stream.unread().empty() && closes_idle.count() != 0;
    const auto idle = Milliseconds(static_cast<Milliseconds::rep>(
        is_idle ? world_.chance.between(1, static_cast<std::size_t>(closes_idle.count())) : 0));
    if (co_await stream.fill(is_idle ? idle : kPatience) != IoStatus::kOk) co_return false;
  }
  Entry* entry = world_.find(head.headers.get("x-number").value_or(""));
  if (!entry) {
    world_.violate("an upstream got a request that nobody sent");
    co_return false;
  }
  note_arrival(world_, *entry);
  const Plan& plan = entry->plan;
  const bool breaks = entry->heads <= plan.broken_tries;
  if (breaks && plan.upstream_reads_after.count() > 0) co_await world_.pause(plan.upstream_reads_after);
  if (breaks && plan.breaks == Break::kBeforeHead && plan.answers_early) {
    break_off(connection, plan);
    co_return false;
  }
  if (!plan.answers_early && !co_await take_body(connection, *entry, head)) co_return false;
  if (breaks && plan.upstream_answers_after.count() > 0) co_await world_.pause(plan.upstream_answers_after);
  if (!co_await respond(connection, *entry, breaks)) co_return false;
  if (!plan.answers_early) co_return true;
  co_return co_await take_body(connection, *entry, head);
}

Task<bool> Server::take_body(Connection& connection, Entry& entry, http::RequestHead& head) {
  wire::BodyReader reader(*connection.stream, Side::kUpstream);
  reader.begin(head.body);
  std::string body;
  for (bool last = head.body.is_empty(); !last;) {
    auto piece = co_await reader.read(kPatience);
    if (!piece) co_return false;
    body.append(piece->bytes);
    last = piece->is_last;
  }
  reader.finish_piece();
  note_body(world_, entry, body, trailer_behind(reader));
  co_return true;
}

// False: the connection ends now.
Task<bool> Server::respond(Connection& connection, const Entry& entry, bool breaks) {
  const Plan& plan = entry.plan;
  const Break where = breaks ? plan.breaks : Break::kNever;
  std::string all = head_of(entry);
  const std::size_t head_bytes = all.size();
  if (plan.response_may_have_body())
    all += framed(entry, body_of(entry.number, true, plan.response_bytes), world_.chance);
  std::size_t most = all.size();
  if (where == Break::kBeforeHead) most = 0;
  if (where == Break::kInHead) most = world_.chance.between(1, head_bytes - 1);
  if (where == Break::kInBody && all.size() > head_bytes) most = world_.chance.between(head_bytes, all.size() - 1);
  all.resize(most);
  IoStatus sent = IoStatus::kOk;
  if (!all.empty()) sent = co_await connection.stream->send(all, kPatience);
  const bool ends = sent != IoStatus::kOk || plan.upstream_closes || plan.framing == Framing::kUntilClose;
  if (where != Break::kNever) {
    // What was sent should arrive, most of the time.
    if (world_.chance.percent(80)) co_await world_.pause(Milliseconds(100));
    break_off(connection, plan);
    co_return false;
  }
  co_return !ends;
}

}  // namespace sallyport::simulation
