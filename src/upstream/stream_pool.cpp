#include "upstream/stream_pool.h"

#include "async/set_within.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sallyport::upstream {
namespace {

constexpr Milliseconds kSweepEvery{1000};

std::string shelf_key(const async::Address& address, const TlsPeer* peer) {
  std::string key(reinterpret_cast<const char*>(address.data()), address.size());
  if (peer) key += peer->key();
  return key;
}

Milliseconds left_until(SteadyTime deadline, SteadyTime now) {
  return std::max(std::chrono::ceil<Milliseconds>(deadline - now), Milliseconds(1));
}

}  // namespace

// Somebody who needs room on a shelf, in its row until it is woken or dropped.
class StreamPool::Waiter final {
 public:
  explicit Waiter(Shelf& shelf) : shelf_(shelf) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { std::erase(shelf_.waiting, this); }

  void line_up() {
    woken.reset();
    shelf_.waiting.push_back(this);
  }
  async::Event woken;
  std::optional<Error> error;

 private:
  Shelf& shelf_;
};

bool StreamPool::Held::limits_allow() const { return std::cmp_less(connection->exchanges(), limits.requests); }

StreamPool::StreamPool(Connector& connector)
    : connector_(connector),
      sweeper_(connector.reactor().start_timer(kSweepEvery, async::Reactor::Repeat::kEvery, [this] { sweep(); })) {}

StreamPool::~StreamPool() = default;

std::size_t StreamPool::connections() const noexcept {
  std::size_t count = 0;
  for (const auto& [key, shelf] : shelves_) count += shelf.held.size();
  return count;
}

std::unique_ptr<wire::ClientExchange> StreamPool::take(Shelf& shelf) {
  auto held = std::ranges::find_if(shelf.held, &Held::has_room);
  return held == shelf.held.end() ? nullptr : held->connection->begin_exchange();
}

bool StreamPool::may_open(const Shelf& shelf, const KeepalivePool& limits) {
  auto serves = [](const Held& held) { return !held.connection->is_over() && held.limits_allow(); };
  return !shelf.opens && std::cmp_less(std::ranges::count_if(shelf.held, serves), limits.size);
}

async::Task<Result<StreamPool::Leased>> StreamPool::lease(const async::Address& address, const TlsPeer* peer,
                                                          Milliseconds timeout, const KeepalivePool& limits) {
  Shelf& shelf = shelves_[shelf_key(address, peer)];
  if (auto exchange = take(shelf)) return Result<Leased>(Leased{std::move(exchange), true});
  return wait(shelf, {address, peer ? std::optional(*peer) : std::nullopt, timeout, limits});
}

async::Task<Result<StreamPool::Leased>> StreamPool::wait(Shelf& shelf, Goal goal) {
  const SteadyTime deadline = connector_.reactor().now() + goal.timeout;
  Waiter waiter(shelf);
  for (;;) {
    waiter.line_up();
    if (may_open(shelf, goal.limits)) tasks_.spawn(open(shelf, goal));
    const Milliseconds left = left_until(deadline, connector_.reactor().now());
    const bool in_time = co_await async::set_within(connector_.reactor(), waiter.woken, left);
    if (auto exchange = take(shelf)) co_return Leased{std::move(exchange), false};
    if (waiter.error) co_return fail(std::move(*waiter.error));
    if (!in_time) {
      co_return fail(Error{ErrorCode::kTimeout,
                           fmt::format("no connection to {} had room for another stream in time; keepalive_pool.size "
                                       "allows {}",
                                       goal.address.to_string(), goal.limits.size),
                           Side::kUpstream, Retry::kSafe});
    }
  }
}

// Not the work of who waits, who may be dropped while others wait for the same.
async::Task<void> StreamPool::open(Shelf& shelf, Goal goal) {
  shelf.opens = true;
  auto opened = co_await connect(goal);
  shelf.opens = false;
  if (!opened) {
    wake(shelf, &opened.error());
    co_return;
  }
  (*opened)->on_change([&shelf] { wake(shelf, nullptr); });
  shelf.held.push_back({std::move(*opened), goal.limits});
  wake(shelf, nullptr);
}

async::Task<Result<std::unique_ptr<h2::ClientConnection>>> StreamPool::connect(Goal goal) {
  async::Reactor& reactor = connector_.reactor();
  const SteadyTime deadline = reactor.now() + goal.timeout;
  auto connecting = goal.peer ? connector_.connect(goal.address, *goal.peer, goal.timeout)
                              : connector_.connect(goal.address, goal.timeout);
  auto socket = co_await connecting;
  if (!socket) co_return fail(std::move(socket).error());
  auto connection = std::make_unique<h2::ClientConnection>(reactor, std::move(*socket), goal.peer ? "https" : "http");
  Status begun = co_await connection->open(left_until(deadline, reactor.now()));
  if (begun) co_return connection;
  ended_.push_back(std::move(connection));
  co_return fail(std::move(begun).error());
}

// As many as there is room for, or all when a connection failed; and one that opens another connection.
void StreamPool::wake(Shelf& shelf, const Error* error) {
  auto next = [&shelf](const Error* why) {
    Waiter* waiter = shelf.waiting.front();
    shelf.waiting.pop_front();
    if (why) waiter->error = *why;
    waiter->woken.set();
  };
  for (std::size_t all = shelf.waiting.size(); all > 0 && !shelf.waiting.empty(); --all) {
    if (!error && std::ranges::none_of(shelf.held, &Held::has_room)) break;
    next(error);
  }
  if (!shelf.waiting.empty() && !shelf.opens) next(nullptr);
}

void StreamPool::sweep() {
  ended_.clear();
  look_after_connections();
  for (auto shelf = shelves_.begin(); shelf != shelves_.end();) {
    drop_unused(shelf->second);
    const bool is_used = !shelf->second.held.empty() || !shelf->second.waiting.empty() || shelf->second.opens;
    shelf = is_used ? std::next(shelf) : shelves_.erase(shelf);
  }
}

// What it resumes may begin exchanges with other upstreams, but ends no connection.
void StreamPool::look_after_connections() {
  std::vector<h2::ClientConnection*> all;
  for (auto& [key, shelf] : shelves_) {
    for (Held& held : shelf.held) all.push_back(held.connection.get());
  }
  for (h2::ClientConnection* connection : all) connection->look_after();
}

void StreamPool::drop_unused(Shelf& shelf) const {
  const SteadyTime now = connector_.reactor().now();
  auto is_unused = [now](Held& held) {
    if (held.connection->is_busy()) return false;
    const Milliseconds longest = held.limits.idle_timeout;
    const bool is_old = longest.count() > 0 && now - held.connection->idle_since() >= longest;
    if (!is_old && !held.connection->is_over() && held.limits_allow()) return false;
    held.connection->say_goodbye();
    return true;
  };
  std::erase_if(shelf.held, is_unused);
}

}  // namespace sallyport::upstream
