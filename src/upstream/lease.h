#pragma once
// What one exchange holds of the way to its upstream. Belongs to the exchange; the pool it came from outlives it.

#include "upstream/connection_pool.h"
#include "wire/client_exchange.h"

#include <memory>
#include <utility>

namespace sallyport::upstream {

class Lease final {
 public:
  Lease() = default;
  // A whole connection of HTTP/1.
  explicit Lease(ConnectionPool::Lease connection) noexcept
      : connection_(std::move(connection)), wire_(connection_ ? &connection_->wire() : nullptr) {}
  // A stream of HTTP/2.
  explicit Lease(std::unique_ptr<wire::ClientExchange> stream) noexcept
      : stream_(std::move(stream)), wire_(stream_.get()) {}

  explicit operator bool() const noexcept { return wire_ != nullptr; }
  wire::ClientExchange& wire() const noexcept { return *wire_; }

  // After an exchange whose messages have both ended.
  void give_back(ConnectionPool& pool, const KeepalivePool& limits) {
    wire_ = nullptr;
    if (connection_) pool.give_back(std::move(connection_), limits);
    stream_.reset();
  }

 private:
  ConnectionPool::Lease connection_;
  std::unique_ptr<wire::ClientExchange> stream_;
  wire::ClientExchange* wire_ = nullptr;
};

}  // namespace sallyport::upstream
