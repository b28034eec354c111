#include "async/task_group.h"
#include "h2/downstream_fixture.h"
#include "simulation/client.h"

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <utility>

namespace sallyport::simulation {

namespace {

constexpr Milliseconds kPatience{3'600'000};

std::string value_of(const std::string& head, std::string_view name) {
  const std::string line = fmt::format("{}: ", name);
  const std::size_t at = head.find(line);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + line.size();
  return head.substr(begin, head.find('\n', begin) - begin);
}

class Client {
 public:
  explicit Client(World& world) : world_(world) {}

  Task<bool> connect() {
    auto connecting = world_.reactor.connect(world_.address(), kPatience);
    auto connected = co_await connecting;
    if (!connected) co_return false;
    std::vector<nghttp2_settings_entry> settings;
    if (world_.chance.one_in(3)) {
      const auto window = static_cast<std::uint32_t>(world_.chance.of<std::size_t>({100, 20'000, 1 << 20}));
      settings.push_back({NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window});
    }
    talk_ = std::make_unique<h2::Downstream>(std::move(*connected), std::move(settings));
    co_return true;
  }

  Task<void> ask(Entry& entry) {
    ++under_way;
    const Plan& plan = entry.plan;
    h2::Downstream::Fields fields{{"x-number", std::to_string(entry.number)}};
    if (plan.request_bytes > 0 && !plan.request_is_chunked) {
      fields.emplace_back("content-length", std::to_string(plan.request_bytes));
    }
    const bool has_body = plan.has_request_body();
    const std::string path = fmt::format("/{}/{}", plan.route, entry.number);
    const h2::StreamId id = talk_->begin(plan.method, path, fields, !has_body);
    entry.asked = true;
    if (has_body) co_await send_body(id, entry);
    if (plan.leaves == Leave::kWaiting || plan.leaves == Leave::kInHead) {
      co_await world_.pause(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(200))));
    } else if (plan.leaves == Leave::kInResponse) {
      co_await ended(id, [this, id] { return talk_->responses[id].heads > 0; });
    }
    if (plan.leaves == Leave::kNever) {
      const bool answered = co_await ended(id, [] { return false; });
      if (!answered) world_.violate(fmt::format("request {} is not answered", entry.number));
    } else if (!talk_->responses[id].closed && !talk_->has_ended) {
      talk_->reset(id);
    }
    take_response(id, entry);
    --under_way;
  }
  bool has_ended() const { return talk_->has_ended || !talk_->goaways.empty(); }
  void leave() { talk_->leave(); }

  std::size_t under_way = 0;

 private:
  // Whether it ended in any way, or `enough` is there.
  Task<bool> ended(h2::StreamId id, std::function<bool()> enough) {
    const SteadyTime deadline = world_.reactor.now() + kPatience;
    while (world_.reactor.now() < deadline) {
      if (talk_->has_ended || talk_->responses[id].closed || enough()) co_return true;
      co_await world_.pause(Milliseconds(2));
    }
    co_return false;
  }
  Task<void> send_body(h2::StreamId id, const Entry& entry) {
    const std::string body = body_of(entry.number, false, entry.plan.request_bytes);
    const bool breaks = entry.plan.leaves == Leave::kInBody;
    const std::size_t first = breaks ? world_.chance.below(body.size() + 1) : body.size();
    const std::string trailer = trailer_of(entry, false);
    http::Headers& trailers = trailers_.emplace_back(arena_);
    if (!trailer.empty()) trailers.add("x-trailer", trailer);
    if (first > 0 || !breaks) talk_->body(id, body.substr(0, first), !breaks, &trailers);
    if (breaks) co_await world_.pause(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(100))));
  }
  void take_response(h2::StreamId id, Entry& entry) {
    const h2::Downstream::Response& response = talk_->responses[id];
    if (response.heads > 1) world_.violate(fmt::format("request {}: {} responses", entry.number, response.heads));
    if (response.heads == 0) return;
    Seen seen{response.status, value_of(response.head, "x-from"),    value_of(response.head, "x-number"),
              response.body,   value_of(response.head, "x-trailer"), response.is_whole};
    check_response(world_, entry, seen);
  }

  World& world_;
  Arena arena_;
  std::deque<http::Headers> trailers_;  // that the connection may still send
  std::unique_ptr<h2::Downstream> talk_;
};

}  // namespace

Task<void> ask_over_h2(World& world, std::vector<Entry*> entries, std::size_t at_once) {
  auto client = std::make_unique<Client>(world);
  async::TaskGroup asking;
  if (!co_await client->connect()) co_return;
  for (Entry* entry : entries) {
    while (client->under_way >= at_once) co_await world.pause(Milliseconds(1));
    if (client->has_ended()) {  // as announced: the others go over another connection
      while (client->under_way > 0) co_await world.pause(Milliseconds(1));
      client = std::make_unique<Client>(world);
      if (!co_await client->connect()) co_return;
    }
    asking.spawn(client->ask(*entry));
    if (world.chance.one_in(3))
      co_await world.pause(Milliseconds(static_cast<Milliseconds::rep>(world.chance.below(300))));
  }
  while (client->under_way > 0) co_await world.pause(Milliseconds(1));
}

}  // namespace sallyport::simulation
