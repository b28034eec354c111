#include "proxy/client_connections.h"

#include "base/random.h"

#include <netinet/in.h>

#include <cstring>

namespace sallyport::proxy {
namespace {

std::uint64_t random_word() {
  std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
  fill_with_random(bytes);
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

}  // namespace

ClientConnections::ClientConnections(Most most, std::size_t workers)
    : most_(most), secret_(random_word() | 1), of_workers_(workers) {}

// Addresses of IPv4 stand where no half of an address of IPv6 does: below 2^32, which begins 0000:0000.
ClientConnections::Network ClientConnections::network_of(const async::Address& client) {
  if (client.family() == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, client.data(), sizeof address);
    return ntohl(address.sin_addr.s_addr);
  }
  sockaddr_in6 whole{};
  std::memcpy(&whole, client.data(), sizeof whole);
  const in6_addr& address = whole.sin6_addr;
  std::uint64_t network = 0;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::uint32_t mapped = 0;
    std::memcpy(&mapped, &address.s6_addr[12], sizeof mapped);
    return ntohl(mapped);
  }
  for (std::size_t i = 0; i < sizeof network; ++i) network = network << 8 | address.s6_addr[i];
  return network;
}

ClientConnections::Shard& ClientConnections::shard_of(Network network) noexcept {
  return shards_[(network + secret_) * (secret_ | 1) >> 58];
}

// False: it has as many as it may.
bool ClientConnections::count(Network network) {
  Shard& shard = shard_of(network);
  std::scoped_lock held(shard.lock);
  std::uint32_t& open = shard.open[network];
  if (open >= most_.per_address) return false;
  ++open;
  return true;
}

void ClientConnections::leave(Network network) noexcept {
  Shard& shard = shard_of(network);
  std::scoped_lock held(shard.lock);
  auto found = shard.open.find(network);
  if (--found->second == 0) shard.open.erase(found);
}

// What other workers count meanwhile may be missing: then the next connection puts it right.
std::size_t ClientConnections::worker_for_next(std::size_t accepting) const noexcept {
  const std::uint64_t own = connections_of(accepting);
  std::uint64_t sum = 0, fewest = own;
  std::size_t idlest = accepting;
  for (std::size_t worker = 0; worker < workers(); ++worker) {
    const std::uint64_t open = connections_of(worker);
    sum += open;
    if (open >= fewest) continue;
    fewest = open;
    idlest = worker;
  }
  const bool is_crowded = 4 * workers() * (own + 1) > 5 * (sum + 1);
  return is_crowded ? idlest : accepting;
}

ClientConnections::Refusal ClientConnections::admit(Place& place, std::size_t worker, int socket) {
  if (most_.descriptors != 0 && static_cast<std::uint64_t>(socket) >= most_.descriptors) return Refusal::kDescriptors;
  const std::uint32_t before = connections_.fetch_add(1, std::memory_order_relaxed);
  of_workers_[worker].open.fetch_add(1, std::memory_order_relaxed);
  place.tally_ = this;
  place.worker_ = worker;
  const bool fits = most_.connections == 0 || before < most_.connections;
  if (!fits) place.release();
  return fits ? Refusal::kNone : Refusal::kConnections;
}

ClientConnections::Refusal ClientConnections::admit_address(const async::Address& client, Place& place) {
  if (most_.per_address == 0 || (client.family() != AF_INET && client.family() != AF_INET6)) return Refusal::kNone;
  place.network_ = network_of(client);
  place.counts_ = count(place.network_);
  return place.counts_ ? Refusal::kNone : Refusal::kAddress;
}

void ClientConnections::Place::release() noexcept {
  ClientConnections* tally = std::exchange(tally_, nullptr);
  if (!tally) return;
  if (counts_) tally->leave(network_);
  tally->of_workers_[worker_].open.fetch_sub(1, std::memory_order_relaxed);
  tally->connections_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace sallyport::proxy
