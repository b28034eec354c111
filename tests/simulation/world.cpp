#include "simulation/world.h"

#include "async/task_fixture.h"
#include "json/parse.h"
#include "telemetry/access_log_format.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace sallyport::simulation {

using chain::BodyStage;
using chain::Phase;
using chain::Verdict;

World::World(std::uint64_t seed)
    : loop(simulated(seed)),
      reactor(static_cast<async::SimulatedReactor&>(loop.reactor)),
      chance(reactor.loop.chance),
      names(reactor) {
  reactor.ends = reactor.now() + std::chrono::hours(24);
  catalog.add(std::make_unique<proxy::ScriptedType>("scripted", 100, script));
  script.act = [this](Phase phase, exchange::Exchange& exchange, BodyStage* stage) {
    return act(phase, exchange, stage);
  };
  auto format = telemetry::AccessLogFormat::compile("$http_x_number $status", telemetry::Escape::kDefault);
  log_.set_access_log(std::make_shared<const telemetry::AccessLogFormat>(std::move(format).value()),
                      [this](std::string_view line) {
                        const std::size_t space = line.find(' ');
                        int status = 0;
                        std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
                        if (Entry* entry = find(line.substr(0, space))) entry->logged.push_back(status);
                      });
  builder_.emplace(catalog, snapshot::BuilderOptions{});
}

World::~World() {
  loop.tasks.cancel_all();
  gateway.reset();
}

void World::put(std::string kind, std::string id, std::string_view text) {
  json::Value value = json::parse(text).value();
  value.object()["id"] = id;
  items_.push_back({std::move(kind), std::move(id), std::move(value)});
}

Task<void> World::reload() {
  auto preparing = builder_->prepare_all(items_, snapshot::Reuse::kNothing);
  auto change = co_await preparing;
  auto next = builder_->commit(std::move(change));
  if (!next) throw std::runtime_error(next.error().what);
  auto publishing = snapshots_->publish(std::move(*next));
  co_await publishing;
}

void World::open() {
  auto change = async::finish(builder_->prepare_all(items_));
  for (const auto& rejected : change.rejected()) throw std::runtime_error(rejected.error.what);
  builder_->commit(std::move(change)).value();
  balancer_.emplace(reactor, names, upstream::BalancerOptions{});
  pool_.emplace(reactor);
  snapshots_.emplace(reactor, std::vector<async::Reactor*>{&reactor}, builder_->latest());
  gateway.emplace(proxy::Surroundings{0, reactor, *snapshots_, *balancer_, *pool_, log_, options});
  reactor.at_turn_end([this] {
    if (gateway) gateway->end_turn();
  });
  auto accept = [this](async::Accepted accepted) { gateway->accept(std::move(accepted), proxy::Http2::kOn); };
  listener_ =
      std::move(reactor.listen(*async::Address::from_ip("127.0.0.1", 9080), async::SharePort::kNo, accept).value());
}

Entry& World::enter(Plan plan) {
  Entry& entry = entries_.emplace_back();
  entry.plan = std::move(plan);
  entry.number = entries_.size();
  return entry;
}

Entry* World::find(std::string_view number) {
  std::size_t value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value == 0 || value > entries_.size() ? nullptr : &entries_[value - 1];
}

void World::violate(std::string what) {
  if (violations_.size() < 40) violations_.push_back(std::move(what));
}

Task<void> World::pause(Milliseconds time) {
  async::Reactor::Sleep wait = reactor.sleep(time);
  co_await wait;
}

Task<bool> World::within(Milliseconds longest, std::string what, std::function<bool()> condition) {
  const SteadyTime deadline = reactor.now() + longest;
  Milliseconds step{1};
  while (!condition()) {
    if (reactor.now() >= deadline) {
      violate(std::move(what));
      co_return false;
    }
    co_await pause(step);
    step = std::min(step * 2, Milliseconds(500));
  }
  co_return true;
}

// A line for each request whose head came whole, no more.
void World::check_log(const Entry& entry) {
  if (entry.logged.size() > 1)
    violate(fmt::format("request {} was logged {} times", entry.number, entry.logged.size()));
  if (entry.status == 0) return;
  if (entry.logged.empty()) return violate(fmt::format("request {} was answered and not logged", entry.number));
  if (entry.logged[0] != entry.status) {
    violate(
        fmt::format("request {} was answered with {} and logged with {}", entry.number, entry.status, entry.logged[0]));
  }
}

Task<void> World::settle() {
  co_await within(Milliseconds(600'000), "client connections are left", [this] { return gateway->connections() == 0; });
  for (auto state : {telemetry::ConnectionState::kReading, telemetry::ConnectionState::kWriting,
                     telemetry::ConnectionState::kWaiting}) {
    if (metrics.connections_in(state) != 0) violate("a gauge of connections is not back at 0");
  }
  if (script.filters_made != script.filters_ended) violate("a filter did not end");
  if (script.filters_made != script.logged) violate("a filter did not see the end of its exchange");
}

Task<void> World::nothing_is_left() {
  co_await within(Milliseconds(600'000), "connections are left that no pool keeps",
                  [this] { return reactor.loop.streams == 2 * pool_->idle(); });
  pool_->clear();
  co_await within(Milliseconds(600'000), "connections are left", [this] { return reactor.loop.streams == 0; });
}

void World::forget() {
  constexpr int kTurns = 5;  // what is freed tells others
  snapshots_.reset();
  builder_.reset();
  for (int i = 0; i < kTurns; ++i) reactor.turn();
}

Task<void> World::close() {
  for (const Entry& entry : entries_) check_log(entry);
  listener_.reset();
  gateway.reset();
  pool_.reset();
  balancer_.reset();
  co_await within(Milliseconds(600'000), "upstream connections are left", [this] { return upstream_connections == 0; });
  if (names.under_way != 0) violate("a lookup of a name is left");
}

Task<Verdict> World::wait_and_proceed() {
  co_await pause(Milliseconds(1 + static_cast<Milliseconds::rep>(chance.below(40))));
  co_return Verdict::proceed();
}

Task<Verdict> World::act(Phase phase, exchange::Exchange& exchange, BodyStage* stage) {
  const Entry* entry = find(exchange.request.headers.get("x-number").value_or(""));
  if (!entry || entry->plan.in != phase) return Verdict::proceed();
  switch (entry->plan.act) {
    case Act::kAnswer: {
      http::Response response = http::Response::text(403, answer_of_plugin(entry->number));
      response.headers.emplace_back("x-number", std::to_string(entry->number));
      response.headers.emplace_back("x-from", "plugin");
      return Verdict::answer(std::move(response));
    }
    case Act::kFail:
      return Verdict::failed(Error{ErrorCode::kPlugin, "it is to fail"});
    case Act::kClose:
      return Verdict::close();
    case Act::kWait:
      return wait_and_proceed();
    case Act::kHold:
      if (stage && !stage->is_last()) stage->hold();
      return Verdict::proceed();
    case Act::kThrow:
      throw std::runtime_error("it is to throw");
    case Act::kNothing:
      break;
  }
  return Verdict::proceed();
}

}  // namespace sallyport::simulation
