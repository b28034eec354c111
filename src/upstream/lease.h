#pragma once
// What one exchange holds of the way to its upstream. Belongs to the exchange; the pool it came from outlives it.

#include "upstream/connection_pool.h"
#include "wire/client_exchange.h"

#include <utility>

namespace sallyport::upstream {

class Lease final {
 public:
  Lease() = default;
  // A whole connection of HTTP/1.
  explicit Lease(ConnectionPool::Lease connection) noexcept
      : connection_(std::move(connection)), wire_(connection_ ? &connection_->wire() : nullptr) {}

  explicit operator bool() const noexcept { return wire_ != nullptr; }
  wire::ClientExchange& wire() const noexcept { return *wire_; }

  // After an exchange whose messages have both ended.
  void give_back(ConnectionPool& pool, const KeepalivePool& limits) {
    wire_ = nullptr;
    pool.give_back(std::move(connection_), limits);
  }

 private:
  ConnectionPool::Lease connection_;
  wire::ClientExchange* wire_ = nullptr;
};

}  // namespace sallyport::upstream
