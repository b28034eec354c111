#include "upstream/connection_pool.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace sallyport::upstream {
namespace {
constexpr Milliseconds kSweepEvery{1000};

template <class Shelves>
std::size_t count_idle(const Shelves& shelves) {
  std::size_t count = 0;
  for (const auto& [key, shelf] : shelves) count += shelf.idle.size();
  return count;
}

template <class Shelves, class IsOver>
void sweep_shelves(Shelves& shelves, IsOver is_over) {
  for (auto shelf = shelves.begin(); shelf != shelves.end();) {
    std::erase_if(shelf->second.idle, is_over);
    shelf = shelf->second.idle.empty() ? shelves.erase(shelf) : std::next(shelf);
  }
}

}  // namespace

ConnectionPool::Connection::Connection(async::StreamPtr stream, const async::Address& address)
    : wire_(std::move(stream)), address_(address) {}

void ConnectionPool::Connection::peer_gone() {
  auto& idle = shelf_->idle;
  auto self = std::find_if(idle.begin(), idle.end(), [this](const Lease& other) { return other.get() == this; });
  Lease last = std::move(*self);
  idle.erase(self);
}

ConnectionPool::ConnectionPool(async::Reactor& reactor, const tls::ClientContext* tls)
    : reactor_(reactor),
      connector_(reactor, tls),
      sweeper_(reactor.start_timer(kSweepEvery, async::Reactor::Repeat::kEvery, [this] { sweep(); })) {}

ConnectionPool::~ConnectionPool() = default;

ConnectionPool::Lease ConnectionPool::take(const async::Address& address, const TlsPeer* peer) {
  if (peer) {
    auto shelf = tls_shelves_.find(connection_key(address, peer));
    return shelf == tls_shelves_.end() ? nullptr : take_from(shelf->second);
  }
  auto shelf = shelves_.find(address);
  return shelf == shelves_.end() ? nullptr : take_from(shelf->second);
}

ConnectionPool::Lease ConnectionPool::take_from(Shelf& shelf) {
  auto& idle = shelf.idle;
  while (!idle.empty()) {
    Lease connection = std::move(idle.back());
    idle.pop_back();
    connection->wire_.stream().watch_hangup(nullptr);
    bool is_fresh = connection->idle_until_ > reactor_.now();
    if (is_fresh && connection->wire_.stream().is_quiet()) return connection;
  }
  return nullptr;
}

async::Task<Result<ConnectionPool::Lease>> ConnectionPool::connect(Destination to, Milliseconds timeout) {
  const std::optional<TlsPeer> peer = to.peer;
  auto connected = co_await connector_.connect(std::move(to), timeout);
  if (!connected) co_return fail(std::move(connected).error());
  auto connection = std::make_unique<Connection>(std::move(connected->stream), connected->address);
  if (peer) connection->tls_key_ = connection_key(connected->address, &*peer);
  co_return connection;
}

void ConnectionPool::give_back(Lease connection, const KeepalivePool& limits) {
  if (!connection->wire_.is_reusable() || std::cmp_greater_equal(connection->wire_.exchanges(), limits.requests))
    return;
  const std::string& key = connection->tls_key_;
  Shelf& shelf = key.empty() ? shelves_[connection->address_] : tls_shelves_[key];
  if (std::cmp_greater_equal(shelf.idle.size(), limits.size)) return;
  connection->shelf_ = &shelf;
  bool has_limit = limits.idle_timeout.count() > 0;
  connection->idle_until_ = has_limit ? reactor_.now() + limits.idle_timeout : SteadyTime::max();
  connection->wire_.stream().release_buffers();
  connection->wire_.stream().watch_hangup(connection.get());
  shelf.idle.push_back(std::move(connection));
}

std::size_t ConnectionPool::idle() const noexcept { return count_idle(shelves_) + count_idle(tls_shelves_); }

void ConnectionPool::clear() {
  shelves_.clear();
  tls_shelves_.clear();
}

std::size_t ConnectionPool::AddressHash::operator()(const async::Address& address) const noexcept {
  if (address.family() != AF_INET) {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(address.data()), address.size()});
  }
  std::uint64_t family_port_and_ip;  // where sockaddr_in begins
  std::memcpy(&family_port_and_ip, address.data(), sizeof family_port_and_ip);
  return (family_port_and_ip * 0x9e3779b97f4a7c15u) >> 16;
}

void ConnectionPool::sweep() {
  auto is_over = [this](const Lease& idle) { return idle->idle_until_ <= reactor_.now(); };
  sweep_shelves(shelves_, is_over);
  sweep_shelves(tls_shelves_, is_over);
}

}  // namespace sallyport::upstream
