#include "simulation/h2_server.h"

#include "async/until_set.h"
#include "h2/server_connection.h"
#include "simulation/server.h"

#include <utility>

namespace sallyport::simulation {

using http::BodyLength;
using Flush = wire::BodyWriter::Flush;

class H2Server::Connection final : private h2::ServerHandler {
 public:
  Connection(World& world, async::StreamPtr stream)
      : connection(world.reactor, std::move(stream), times_, limits_, *this), world_(world) {
    ++world_.upstream_connections;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { --world_.upstream_connections; }

 private:
  static wire::ServerLimits patient() {
    wire::ServerLimits times;
    times.keep_alive = times.head_arrival = times.body_piece = times.send = Milliseconds(3'600'000);
    times.request_rate.bytes_per_second = times.response_rate.bytes_per_second = 0;
    return times;
  }
  // With the turn of the loop, as the gateway does.
  void has_output(h2::ServerConnection& its) override {
    world_.reactor.post([alive = std::weak_ptr(alive_), &its] {
      if (!alive.expired()) its.send();
    });
  }
  void is_busy(bool) override {}
  Task<void> serve(h2::ServerStream& stream) override {
    auto work = answer(stream);
    co_await async::UntilSet(stream.lost(), std::move(work));
  }

  // True, to have a value that tells of its end.
  Task<bool> answer(h2::ServerStream& stream) {
    Entry* entry = world_.find(stream.head().head().headers.get("x-number").value_or(""));
    if (!entry) {
      world_.violate("an upstream got a request that nobody sent");
      co_return true;
    }
    note_arrival(world_, *entry);
    const Plan& plan = entry->plan;
    const bool breaks = entry->heads <= plan.broken_tries;
    if (breaks && plan.upstream_reads_after.count() > 0) co_await world_.pause(plan.upstream_reads_after);
    if (!plan.answers_early && !co_await take_body(stream, *entry)) co_return true;
    if (breaks && plan.upstream_answers_after.count() > 0) co_await world_.pause(plan.upstream_answers_after);
    co_await respond(stream, *entry, breaks ? plan.breaks : Break::kNever);
    co_return true;
  }
  Task<bool> take_body(h2::ServerStream& stream, Entry& entry) {
    std::string body;
    for (bool last = stream.body().ended(); !last;) {
      auto piece = co_await stream.read_body();
      if (!piece) co_return false;
      body.append(piece->bytes);
      last = piece->is_last;
    }
    note_body(world_, entry, body, trailer_behind(stream.body()));
    co_return true;
  }
  Task<void> respond(h2::ServerStream& stream, const Entry& entry, Break where) {
    const Plan& plan = entry.plan;
    if (where == Break::kBeforeHead || where == Break::kInHead) {
      break_off(stream, plan);
      co_return;
    }
    Arena arena;
    http::ResponseHead head(arena);
    head.status = plan.status;
    const std::string number = std::to_string(entry.number);
    head.headers.add("x-from", "upstream");
    head.headers.add("x-number", number);
    const bool has_body = plan.response_may_have_body();
    std::string body = has_body ? body_of(entry.number, true, plan.response_bytes) : "";
    const bool is_sized = plan.framing == Framing::kSized;
    stream.begin_response(head, !has_body  ? BodyLength::none()
                                : is_sized ? BodyLength::sized(body.size())
                                           : BodyLength::chunked());
    const bool is_cut = where == Break::kInBody && !body.empty();
    if (is_cut) body.resize(world_.chance.below(body.size()));
    http::Headers trailers(arena);
    const std::string trailer = trailer_of(entry, true);
    if (!trailer.empty()) trailers.add("x-trailer", trailer);
    const http::Chunk last{body, !is_cut, &trailers};
    auto written = co_await stream.write(last, Flush::kNow);
    if (is_cut && written) {
      co_await world_.pause(Milliseconds(50));
      break_off(stream, plan);
    }
  }
  void break_off(h2::ServerStream& stream, const Plan& plan) {
    stream.break_off();
    if (plan.breaks_hard) connection.stream().abort();
  }

  const wire::ServerLimits times_ = patient();
  const h2::ServerLimits limits_;

 public:
  h2::ServerConnection connection;

 private:
  World& world_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

H2Server::H2Server(World& world, const std::string& ip, std::uint16_t port) : world_(world) {
  auto accept = [this](async::Accepted accepted) {
    ++connections;
    if (!closes_new) world_.loop.tasks.spawn(serve(std::move(accepted.stream)));
  };
  listener_ =
      std::move(world_.reactor.listen(*async::Address::from_ip(ip, port), async::SharePort::kNo, accept).value());
}

Task<void> H2Server::serve(async::StreamPtr stream) {
  Connection connection(world_, std::move(stream));
  co_await connection.connection.run();
}

}  // namespace sallyport::simulation
