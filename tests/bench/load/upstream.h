#pragma once
// The upstream behind the proxy: takes whole requests, with a body or without, and answers each with the same response.

#include "sockets.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bench {

class Upstream final : public Endpoint {
 public:
  Upstream(int port, std::size_t body_bytes, Poller& poller);
  ~Upstream() override;

  void ready() override;  // accepts
  const std::string& first_request() const { return first_request_; }
  std::string_view body() const;  // of every response

 private:
  class Connection;
  void end(const Connection& connection);

  Poller& poller_;
  Socket listener_;
  std::string response_;
  std::size_t body_bytes_;
  std::string first_request_;  // its head
  std::unordered_map<const Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace bench
