#pragma once
// Gathers the fields of a request, which nghttp2 has checked one by one and for what RFC 9113 8.3 wants of them
// together, and makes of them a head as HTTP/1 would have it. Belongs to its stream; its texts lie in the arena.

#include "base/arena.h"
#include "h2/server_limits.h"
#include "http/message.h"

#include <cstddef>
#include <string_view>

namespace sallyport::h2 {

class ServerHead {
 public:
  ServerHead(Arena& arena, const ServerLimits& limits) : limits_(limits), head_(arena) {
    head_.version = http::Version::kHttp2;
  }

  // Fields over a limit are left out, and the request is refused.
  void add(std::string_view name, std::string_view value);
  // Once all have come. `ends`: nothing follows the head.
  void finish(bool ends);

  // A status to answer with, where the request is refused, and a token for the log.
  int refusal() const noexcept { return refusal_; }
  std::string_view reason() const noexcept { return reason_; }
  // Of a request that is refused: what the log may name.
  http::RequestHead& head() noexcept { return head_; }
  const http::RequestHead& head() const noexcept { return head_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  void add_pseudo(std::string_view name, std::string_view value);
  void refuse(int status, std::string_view reason) noexcept;
  void interpret_method();
  void interpret_authority();
  void interpret_body(bool ends);
  void interpret_expectation();
  void join_cookies();

  const ServerLimits& limits_;
  http::RequestHead head_;
  std::string_view scheme_;
  std::string_view authority_;
  std::string_view protocol_;
  bool has_authority_ = false;
  bool has_protocol_ = false;
  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
  std::size_t cookies_ = 0;
  int refusal_ = 0;
  std::string_view reason_;
};

}  // namespace sallyport::h2
