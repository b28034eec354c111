#pragma once
// An Endpoint is one address that a node of a cluster stands for now; an EndpointRef is one use of it by an exchange.
// Both belong to one worker, so counting needs no atomics.

#include "async/address.h"
#include "exchange/exchange.h"
#include "upstream/latency.h"
#include "upstream/node_health.h"

#include <cstdint>
#include <string>
#include <utility>

namespace sallyport::upstream {

struct Node;

class Endpoint final {
 public:
  Endpoint(const Node& node, async::Address endpoint_address);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  const async::Address address;
  const std::string host;         // as configured: a name or an address
  const std::string host_header;  // Host for `pass_host: node`
  const std::string ip;
  const std::string text;  // "ip:port"; the key of connection pools

  NodeHealthPtr health;     // null: of a cluster without checks
  mutable Latency latency;  // what its users tell; of clusters that are balanced by it

  // Its texts are those of this Endpoint: who shows them to plugins and the log keeps it alive as an EndpointOwner.
  exchange::EndpointView view() const;
  // Exchanges that use it now.
  std::uint32_t in_use() const noexcept { return uses_; }

 private:
  friend class EndpointRef;
  friend class EndpointOwner;
  std::uint32_t uses_ = 0;
  std::uint32_t owners_ = 0;
};

// Counts as one exchange in flight until it ends; the Endpoint lives at least as long, whatever is configured
// meanwhile.
class EndpointRef final {
 public:
  EndpointRef() = default;
  explicit EndpointRef(Endpoint* endpoint) noexcept : endpoint_(endpoint) { ++endpoint_->uses_; }
  EndpointRef(EndpointRef&& other) noexcept : endpoint_(std::exchange(other.endpoint_, nullptr)) {}
  EndpointRef& operator=(EndpointRef&& other) noexcept {
    std::swap(endpoint_, other.endpoint_);
    return *this;
  }
  ~EndpointRef() {
    if (endpoint_ && --endpoint_->uses_ == 0 && endpoint_->owners_ == 0) delete endpoint_;
  }
  explicit operator bool() const noexcept { return endpoint_ != nullptr; }
  const Endpoint& operator*() const noexcept { return *endpoint_; }
  const Endpoint* operator->() const noexcept { return endpoint_; }

 private:
  friend class EndpointOwner;
  Endpoint* endpoint_ = nullptr;
};

// Keeps an Endpoint alive without counting as a use.
class EndpointOwner final {
 public:
  EndpointOwner() = default;
  explicit EndpointOwner(Endpoint* endpoint) noexcept : endpoint_(endpoint) { ++endpoint_->owners_; }
  explicit EndpointOwner(const EndpointRef& use) noexcept : EndpointOwner(use.endpoint_) {}
  EndpointOwner(const EndpointOwner& other) noexcept : endpoint_(other.endpoint_) {
    if (endpoint_) ++endpoint_->owners_;
  }
  EndpointOwner(EndpointOwner&& other) noexcept : endpoint_(std::exchange(other.endpoint_, nullptr)) {}
  EndpointOwner& operator=(EndpointOwner other) noexcept {
    std::swap(endpoint_, other.endpoint_);
    return *this;
  }
  ~EndpointOwner() {
    if (endpoint_ && --endpoint_->owners_ == 0 && endpoint_->uses_ == 0) delete endpoint_;
  }
  Endpoint* get() const noexcept { return endpoint_; }
  Endpoint* operator->() const noexcept { return endpoint_; }

 private:
  Endpoint* endpoint_ = nullptr;
};

}  // namespace sallyport::upstream
