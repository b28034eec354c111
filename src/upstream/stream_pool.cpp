#include "upstream/stream_pool.h"

#include "async/set_within.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sallyport::upstream {
namespace {

constexpr Milliseconds kSweepEvery{1000};
constexpr std::chrono::minutes kDetour{1};  // so long nobody waits for an address that was slower than another

}  // namespace

// Somebody who needs room on a shelf, in its row until it is woken or dropped.
class StreamPool::Waiter final {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { leave(); }

  void line_up(Shelf& shelf) {
    leave();
    woken.reset();
    shelf_ = &shelf;
    shelf.waiting.push_back(this);
  }
  // Before its shelf may go.
  void leave() {
    if (shelf_) std::erase(std::exchange(shelf_, nullptr)->waiting, this);
  }
  async::Event woken;
  std::optional<Error> error;

 private:
  Shelf* shelf_ = nullptr;
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

std::unique_ptr<wire::ClientExchange> StreamPool::take(const async::Address& address, const TlsPeer* peer) {
  auto shelf = shelves_.find(connection_key(address, peer));
  return shelf == shelves_.end() ? nullptr : take(shelf->second);
}

StreamPool::Shelf& StreamPool::shelf_of(const async::Address& address, const TlsPeer* peer) {
  Shelf& shelf = shelves_[connection_key(address, peer)];
  shelf.address = address;
  return shelf;
}

// Detours make no circle: an address that answers has none any more.
StreamPool::Shelf& StreamPool::shelf_for(const Destination& to) {
  const TlsPeer* peer = to.peer ? &*to.peer : nullptr;
  const SteadyTime now = connector_.reactor().now();
  Shelf* shelf = &shelf_of(to.addresses.front(), peer);
  while (shelf->detour && now < shelf->detour_until &&
         std::ranges::find(to.addresses, *shelf->detour) != to.addresses.end()) {
    shelf = &shelf_of(*shelf->detour, peer);
  }
  return *shelf;
}

async::Task<Result<StreamPool::Leased>> StreamPool::lease(Destination to, Milliseconds timeout,
                                                          const KeepalivePool& limits) {
  const Goal goal{std::move(to), timeout, limits};
  const SteadyTime deadline = connector_.reactor().now() + timeout;
  Waiter waiter;
  for (bool in_time = true;;) {
    Shelf& shelf = shelf_for(goal.to);
    if (auto exchange = take(shelf)) co_return Leased{std::move(exchange), shelf.address};
    if (waiter.error) co_return fail(std::move(*waiter.error));
    if (!in_time) {
      co_return fail(Error{ErrorCode::kTimeout,
                           fmt::format("no connection to {} had room for another stream in time; keepalive_pool.size "
                                       "allows {}",
                                       shelf.address.to_string(), goal.limits.size),
                           Side::kUpstream, Retry::kSafe});
    }
    waiter.line_up(shelf);
    if (may_open(shelf, goal.limits)) tasks_.spawn(open(shelf, goal));
    const Milliseconds left = connector_.reactor().until(deadline);
    in_time = co_await async::set_within(connector_.reactor(), waiter.woken, left);
    waiter.leave();
  }
}

// Not the work of who waits, who may be dropped while others wait for the same.
async::Task<void> StreamPool::open(Shelf& shelf, Goal goal) {
  shelf.opens = true;
  auto& addresses = goal.to.addresses;
  std::ranges::swap(addresses.front(), *std::ranges::find(addresses, shelf.address));
  auto opened = co_await connect(goal);
  shelf.opens = false;
  if (!opened) {
    wake(shelf, &opened.error());
    co_return;
  }
  put(shelf, std::move(*opened), goal);
}

void StreamPool::put(Shelf& shelf, Opened opened, const Goal& goal) {
  Shelf& home = shelf_of(opened.address, goal.to.peer ? &*goal.to.peer : nullptr);
  home.detour.reset();
  opened.connection->on_change([&home] { wake(home, nullptr); });
  home.held.push_back({std::move(opened.connection), goal.limits});
  wake(home, nullptr);
  if (&home == &shelf) return;
  shelf.detour = opened.address;
  shelf.detour_until = connector_.reactor().now() + kDetour;
  for (std::size_t all = shelf.waiting.size(); all > 0 && !shelf.waiting.empty(); --all) wake_next(shelf, nullptr);
}

async::Task<Result<StreamPool::Opened>> StreamPool::connect(Goal goal) {
  async::Reactor& reactor = connector_.reactor();
  const SteadyTime deadline = reactor.now() + goal.timeout;
  auto connected = co_await connector_.connect(goal.to, goal.timeout);
  if (!connected) co_return fail(std::move(connected).error());
  const std::string_view scheme = goal.to.peer ? "https" : "http";
  auto connection = std::make_unique<h2::ClientConnection>(reactor, std::move(connected->stream), scheme);
  Status begun = co_await connection->open(reactor.until(deadline));
  if (begun) co_return Opened{std::move(connection), connected->address};
  ended_.push_back(std::move(connection));
  co_return fail(std::move(begun).error());
}

// As many as there is room for, or all when a connection failed; and one that opens another connection.
void StreamPool::wake(Shelf& shelf, const Error* error) {
  for (std::size_t all = shelf.waiting.size(); all > 0 && !shelf.waiting.empty(); --all) {
    if (!error && std::ranges::none_of(shelf.held, &Held::has_room)) break;
    wake_next(shelf, error);
  }
  if (!shelf.waiting.empty() && !shelf.opens) wake_next(shelf, nullptr);
}

void StreamPool::wake_next(Shelf& shelf, const Error* error) {
  Waiter* waiter = shelf.waiting.front();
  shelf.waiting.pop_front();
  if (error) waiter->error = *error;
  waiter->woken.set();
}

void StreamPool::sweep() {
  ended_.clear();
  look_after_connections();
  const SteadyTime now = connector_.reactor().now();
  for (auto shelf = shelves_.begin(); shelf != shelves_.end();) {
    drop_unused(shelf->second);
    const auto& [address, held, waiting, opens, detour, detour_until] = shelf->second;
    const bool is_used = !held.empty() || !waiting.empty() || opens || (detour && now < detour_until);
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
