#include "upstream/connection_pool.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace sallyport::upstream {
namespace {
constexpr Milliseconds kSweepEvery{1000};
}

ConnectionPool::Connection::Connection(async::StreamPtr stream, const async::Address& address)
    : wire_(std::move(stream)), address_(address) {}

void ConnectionPool::Connection::peer_gone() {
  auto& idle = shelf_->idle;
  auto self = std::find_if(idle.begin(), idle.end(), [this](const Lease& other) { return other.get() == this; });
  Lease last = std::move(*self);
  idle.erase(self);
}

ConnectionPool::ConnectionPool(async::Reactor& reactor)
    : reactor_(reactor),
      sweeper_(reactor.start_timer(kSweepEvery, async::Reactor::Repeat::kEvery, [this] { sweep(); })) {}

ConnectionPool::~ConnectionPool() = default;

ConnectionPool::Lease ConnectionPool::take(const async::Address& address) {
  auto shelf = shelves_.find(address);
  if (shelf == shelves_.end()) return nullptr;
  auto& idle = shelf->second.idle;
  while (!idle.empty()) {
    Lease connection = std::move(idle.back());
    idle.pop_back();
    connection->wire_.stream().watch_hangup(nullptr);
    bool is_fresh = connection->idle_until_ > reactor_.now();
    if (is_fresh && connection->wire_.stream().is_quiet()) return connection;
  }
  return nullptr;
}

async::Task<Result<ConnectionPool::Lease>> ConnectionPool::connect(const async::Address& address,
                                                                   Milliseconds timeout) {
  async::Address target = address;
  auto stream = co_await reactor_.connect(target, timeout);
  if (!stream) co_return fail(std::move(stream).error());
  co_return std::make_unique<Connection>(std::move(*stream), target);
}

void ConnectionPool::give_back(Lease connection, const KeepalivePool& limits) {
  if (!connection->wire_.is_reusable() || std::cmp_greater_equal(connection->wire_.exchanges(), limits.requests))
    return;
  Shelf& shelf = shelves_[connection->address_];
  if (std::cmp_greater_equal(shelf.idle.size(), limits.size)) return;
  connection->shelf_ = &shelf;
  bool has_limit = limits.idle_timeout.count() > 0;
  connection->idle_until_ = has_limit ? reactor_.now() + limits.idle_timeout : SteadyTime::max();
  connection->wire_.stream().release_buffers();
  connection->wire_.stream().watch_hangup(connection.get());
  shelf.idle.push_back(std::move(connection));
}

std::size_t ConnectionPool::idle() const noexcept {
  std::size_t count = 0;
  for (const auto& [address, shelf] : shelves_) count += shelf.idle.size();
  return count;
}

void ConnectionPool::clear() { shelves_.clear(); }

std::size_t ConnectionPool::AddressHash::operator()(const async::Address& address) const noexcept {
  if (address.family() != AF_INET) {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(address.data()), address.size()});
  }
  std::uint64_t family_port_and_ip;  // where sockaddr_in begins
  std::memcpy(&family_port_and_ip, address.data(), sizeof family_port_and_ip);
  return (family_port_and_ip * 0x9e3779b97f4a7c15u) >> 16;
}

void ConnectionPool::sweep() {
  for (auto shelf = shelves_.begin(); shelf != shelves_.end();) {
    std::erase_if(shelf->second.idle, [this](const Lease& idle) { return idle->idle_until_ <= reactor_.now(); });
    shelf = shelf->second.idle.empty() ? shelves_.erase(shelf) : std::next(shelf);
  }
}

}  // namespace sallyport::upstream
