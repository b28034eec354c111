#pragma once
// What was accepted from one side and is written to the other as HTTP/1.1 reads there as the same message: whatever it
// came by, no peer is made to see another one.

#include "http/target.h"
#include "require.h"
#include "wire/h1.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport {

inline constexpr wire::HeadLimits kNoLimits{.bytes = SIZE_MAX, .target_bytes = SIZE_MAX, .fields = SIZE_MAX};

inline bool is_same_field(const http::Field& a, const http::Field& b) { return a.name == b.name && a.value == b.value; }

// Takes Host out of the head.
inline void require_same_when_written(http::RequestHead& head) {
  auto target = http::normalise_target(head.target, head.headers.arena());
  if (!target) return;
  wire::RequestLine line{head.method, target->path, target->query, target->has_query, head.authority};
  if (line.host.empty()) line.host = "h";
  line.upgrade = head.upgrade;
  std::string text;
  require(wire::write_request_head(text, line, head.headers, head.body).has_value());
  Arena arena;
  http::RequestHead again(arena);
  const auto outcome = wire::parse_request_head(text, again, kNoLimits);
  require(outcome.status == wire::ParseStatus::kComplete && outcome.bytes == text.size());
  require(again.method == line.method && again.authority == line.host);
  require(again.body == head.body && again.upgrade == head.upgrade);
  again.headers.remove(http::FieldName::kHost);
  head.headers.remove(http::FieldName::kHost);
  require(std::ranges::equal(again.headers, head.headers, is_same_field));
}

inline void require_same_head(const http::ResponseHead& a, const http::ResponseHead& b) {
  require(a.status == b.status && a.body == b.body && a.announced_length == b.announced_length);
  require(std::ranges::equal(a.headers, b.headers, is_same_field));
}

// The response to a request of that method.
inline void require_same_when_written(std::string_view method, const http::ResponseHead& head) {
  std::string text;
  auto connection = head.keep_alive ? wire::Connection::kKeepAlive : wire::Connection::kClose;
  wire::write_response_head(text, head, head.body, connection);
  Arena arena;
  http::ResponseHead again(arena);
  const auto outcome = wire::parse_response_head(text, method, again, kNoLimits);
  require(outcome.status == wire::ParseStatus::kComplete && outcome.bytes == text.size());
  require_same_head(again, head);
  if (head.status < 200 && head.status != 101) return;
  require(again.upgrade == head.upgrade);
  // What follows a 101 that upgrades is no HTTP any more: its head says that, and never close.
  if (head.status != 101) require(again.keep_alive == head.keep_alive);
}

}  // namespace sallyport
