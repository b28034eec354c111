#include "simulation/client.h"

#include "async/task_group.h"
#include "simulation/server.h"
#include "wire/body_reader.h"
#include "wire/h1.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sallyport::simulation {

using async::IoStatus;

namespace {

constexpr Milliseconds kPatience{3'600'000};

std::string request_head(const Entry& entry) {
  const Plan& plan = entry.plan;
  std::string head = fmt::format("{} /{}/{} HTTP/1.1\r\nHost: gateway.test\r\nX-Number: {}\r\n", plan.method,
                                 plan.route, entry.number, entry.number);
  if (plan.expects_continue) head += "Expect: 100-continue\r\n";
  if (plan.request_is_chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (plan.request_bytes > 0 || plan.method == "POST" || plan.method == "PUT") {
    head += fmt::format("Content-Length: {}\r\n", plan.request_bytes);
  }
  return head + "\r\n";
}

std::string request_body(const Entry& entry, async::SeededChance& chance) {
  std::string body = body_of(entry.number, false, entry.plan.request_bytes);
  if (!entry.plan.request_is_chunked) return body;
  return in_chunks(body, trailer_of(entry, false), chance);
}

bool may_be_pipelined(const Entry* entry) {
  return entry->plan.leaves == Leave::kNever && !entry->plan.expects_continue;
}

class Client {
 public:
  explicit Client(World& world) : world_(world) {}

  Task<void> ask(Entry& entry) {
    if (!co_await connect()) co_return;
    const std::string head = request_head(entry), body = request_body(entry, world_.chance);
    if (entry.plan.leaves == Leave::kInHead || entry.plan.leaves == Leave::kInBody) {
      co_await leave_in_request(entry, head, body);
      co_return;
    }
    entry.asked = true;
    sent_ = false;
    sending_.spawn(send(head + body, entry.plan.expects_continue ? head.size() : 0));
    if (entry.plan.leaves == Leave::kWaiting) {
      co_await leave_after(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(200))));
      co_return;
    }
    if (entry.plan.client_reads_after.count() > 0) co_await world_.pause(entry.plan.client_reads_after);
    const bool goes_on = co_await take_response(entry);
    keep_or_drop(entry, goes_on, entry.plan.client_reads_after);
  }

  // One behind the other on a connection, without waiting for responses (RFC 9112 9.3.2). Those behind a response that
  // says that it is the last were not taken up, and are asked again.
  Task<void> ask_at_once(std::vector<Entry*> burst) {
    if (!co_await connect()) co_return;
    std::string all;
    for (Entry* entry : burst) {
      all += request_head(*entry) + request_body(*entry, world_.chance);
      entry->asked = true;
      entry->has_bad_company = !std::ranges::all_of(burst, [this](Entry* other) { return is_harmless(other->plan); });
    }
    sent_ = false;
    sending_.spawn(send(std::move(all), 0));
    const Milliseconds pause = burst.front()->plan.client_reads_after;
    if (pause.count() > 0) co_await world_.pause(pause);
    std::size_t answered = 0;
    for (bool goes_on = true; goes_on && answered < burst.size(); ++answered) {
      goes_on = co_await take_response(*burst[answered]);
      if (!goes_on || answered + 1 == burst.size()) keep_or_drop(*burst[answered], goes_on, pause);
    }
    if (!burst[answered - 1]->is_whole) co_return;
    for (; answered < burst.size(); ++answered) {
      Entry& left = *burst[answered];
      if (left.heads > 0 || !left.logged.empty()) {
        world_.violate(fmt::format("request {} was taken up behind the last one", left.number));
      }
      co_await ask(left);
    }
  }

  // With nothing but the end to come.
  Task<void> part() {
    if (!stream_) co_return;
    stream_->shut_down_sending();
    const IoStatus status = co_await stream_->fill(kPatience);
    if (status == IoStatus::kOk) world_.violate("bytes that nobody asked for");
    if (status == IoStatus::kTimeout) world_.violate("a connection that its client has ended goes on");
    drop();
  }

 private:
  Task<bool> connect() {
    if (stream_) co_return true;
    auto connecting = world_.reactor.connect(world_.address(), kPatience);
    auto connected = co_await connecting;
    if (connected) stream_ = std::move(*connected);
    co_return connected.has_value();
  }
  // Whether it leaves the connection to those beside it.
  bool is_harmless(const Plan& plan) const {
    const bool proceeds = plan.act == Act::kNothing || plan.act == Act::kWait || plan.act == Act::kHold;
    return proceeds && plan.client_is_patient() && plan.upstream_is_sound() &&
           plan.request_bytes <= world_.options.max_request_body;
  }
  // Where it was slow to read, the gateway may have given it up by now.
  void keep_or_drop(const Entry& last, bool goes_on, Milliseconds slow) {
    if (!goes_on || !sent_ || slow.count() > 0) return drop();
    if (!stream_->unread().empty()) world_.violate(fmt::format("request {}: bytes behind its response", last.number));
  }
  void drop() {
    sending_.cancel_all();
    stream_.reset();
  }
  Task<void> leave_after(Milliseconds time) {
    co_await world_.pause(time);
    if (world_.chance.one_in(2)) stream_->break_at_end();
    drop();
  }
  Task<void> leave_in_request(Entry& entry, std::string head, std::string body) {
    const bool in_head = entry.plan.leaves == Leave::kInHead || body.empty();
    const std::string all = head + body;
    const std::size_t most =
        in_head ? world_.chance.between(1, head.size() - 1) : world_.chance.between(head.size(), all.size() - 1);
    entry.asked = !in_head;
    sending_.spawn(send(all.substr(0, most), 0));
    co_await leave_after(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(200))));
  }

  // With `pause_at`, what is behind that waits for a while, or for an interim response.
  Task<void> send(std::string all, std::size_t pause_at) {
    if (pause_at > 0) {
      const std::string first = all.substr(0, pause_at);
      if (co_await stream_->send(first, kPatience) != IoStatus::kOk) co_return;
      co_await world_.pause(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(300))));
      all.erase(0, pause_at);
    }
    sent_ = all.empty() || co_await stream_->send(all, kPatience) == IoStatus::kOk;
  }

  // Whether the connection carries another request.
  Task<bool> take_response(Entry& entry) {
    Arena arena;
    http::ResponseHead head(arena);
    Seen seen;
    for (;;) {
      const auto outcome = wire::parse_response_head(stream_->unread(), entry.plan.method, head, {});
      if (outcome.status == wire::ParseStatus::kInvalid) {
        world_.violate(fmt::format("request {}: the response is none: {}", entry.number, outcome.reason));
        co_return false;
      }
      if (outcome.status == wire::ParseStatus::kComplete) {
        stream_->consume(outcome.bytes);
        if (head.status >= 200) break;
        head.headers.clear();
        continue;
      }
      const IoStatus status = co_await stream_->fill(kPatience);
      if (status == IoStatus::kTimeout) world_.violate(fmt::format("request {} is not answered", entry.number));
      if (status != IoStatus::kOk) co_return false;
    }
    seen.status = head.status;
    seen.from = head.headers.get("x-from").value_or("");
    seen.number = head.headers.get("x-number").value_or("");
    if (entry.plan.leaves == Leave::kInResponse) {
      entry.status = seen.status;
      co_await leave_after(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(50))));
      co_return false;
    }
    co_await take_body(head.body, seen);
    check_response(world_, entry, seen);
    if (!seen.is_whole) co_return false;
    co_return head.keep_alive || co_await ends_silently(entry);
  }

  Task<void> take_body(http::BodyLength length, Seen& seen) {
    wire::BodyReader reader(*stream_, Side::kDownstream);
    reader.begin(length);
    seen.is_whole = length.is_empty();
    while (!seen.is_whole) {
      auto piece = co_await reader.read(kPatience);
      if (!piece) co_return;
      seen.body.append(piece->bytes);
      seen.is_whole = piece->is_last;
    }
    reader.finish_piece();
    seen.trailer = trailer_behind(reader);
  }

  // False, always: a response that says that it is the last is that.
  Task<bool> ends_silently(const Entry& entry) {
    const IoStatus status = co_await stream_->fill(kPatience);
    if (status == IoStatus::kOk)
      world_.violate(fmt::format("request {}: bytes behind the last response", entry.number));
    if (status == IoStatus::kTimeout) world_.violate(fmt::format("request {}: the connection stays", entry.number));
    co_return false;
  }

  World& world_;
  async::StreamPtr stream_;
  bool sent_ = false;
  async::TaskGroup sending_;
};

}  // namespace

Task<void> ask_over_h1(World& world, std::vector<Entry*> entries) {
  Client client(world);
  for (auto next = entries.begin(); next != entries.end();) {
    if (world.chance.one_in(3))
      co_await world.pause(Milliseconds(static_cast<Milliseconds::rep>(world.chance.below(2'000))));
    const auto most = std::min<std::ptrdiff_t>(entries.end() - next, world.chance.one_in(3) ? 4 : 1);
    const auto end = std::find_if_not(next, next + most, may_be_pipelined);
    if (end - next > 1) {
      std::vector<Entry*> burst(next, end);
      co_await client.ask_at_once(std::move(burst));
      next = end;
    } else {
      co_await client.ask(**next++);
    }
  }
  co_await client.part();
}

void check_response(World& world, Entry& entry, const Seen& seen) {
  const Plan& plan = entry.plan;
  auto wrong = [&](std::string_view what) { world.violate(fmt::format("request {}: {}", entry.number, what)); };
  if (++entry.answers > 1) wrong("a second response");
  entry.status = seen.status;
  entry.is_whole = seen.is_whole;
  if (!seen.from.empty() && seen.number != std::to_string(entry.number)) return wrong("the response is another's");
  const bool has_body = plan.method != "HEAD" && seen.status != 204 && seen.status != 304;
  if (seen.from.empty()) {
    if (seen.status < 400) wrong(fmt::format("the gateway answered {} by itself", seen.status));
    return;
  }
  std::string body =
      seen.from == "plugin" ? answer_of_plugin(entry.number) : body_of(entry.number, true, plan.response_bytes);
  if (!has_body) body.clear();
  if (seen.is_whole ? seen.body != body : !body.starts_with(seen.body)) {
    wrong(fmt::format("another body: {} bytes of {}", seen.body.size(), body.size()));
  }
  const std::string trailer = seen.from == "upstream" ? trailer_of(entry, true) : "";
  if (seen.is_whole ? seen.trailer != trailer : !seen.trailer.empty())
    wrong(fmt::format("the trailer '{}' where '{}' is due", seen.trailer, trailer));
  if (seen.from == "upstream" && seen.status != plan.status) wrong("another status");
}

}  // namespace sallyport::simulation
