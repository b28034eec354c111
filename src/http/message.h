#pragma once
// Heads of requests and responses, and pieces of bodies. Messages only: nothing here reads or writes a socket.

#include "base/arena.h"
#include "http/headers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::http {

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

// How the end of a body is known (RFC 9112 6.3).
struct BodyLength {
  enum class Kind : std::uint8_t { kNone, kSized, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  std::uint64_t bytes = 0;  // of a sized body

  static BodyLength none() { return {}; }
  static BodyLength sized(std::uint64_t bytes) { return {Kind::kSized, bytes}; }
  static BodyLength chunked() { return {Kind::kChunked, 0}; }
  static BodyLength until_close() { return {Kind::kUntilClose, 0}; }
  bool is_empty() const noexcept { return kind == Kind::kNone || (kind == Kind::kSized && bytes == 0); }
  friend bool operator==(const BodyLength&, const BodyLength&) = default;
};

// A request as it arrived. Framing fields (Content-Length, Transfer-Encoding, Connection, ...) are already interpreted
// and taken out of `headers`; `host` is kept there.
struct RequestHead {
  explicit RequestHead(Arena& arena) : headers(arena) {}

  std::string_view method;
  std::string_view target;     // as sent: origin form, absolute form or "*"
  std::string_view authority;  // of the absolute form, else of Host; may be empty for HTTP/1.0
  std::string_view host;       // of `authority`, without its port; as sent
  Version version = Version::kHttp11;
  Headers headers;
  BodyLength body;
  bool expects_continue = false;
  bool keep_alive = true;    // the client lets the connection be used again
  std::string_view upgrade;  // protocols asked for with `Connection: upgrade`, else empty
};

// A response head, from an upstream or to the client. As with requests, framing fields are not in `headers`.
struct ResponseHead {
  explicit ResponseHead(Arena& arena) : headers(arena) {}

  int status = 200;         // 100..599
  std::string_view reason;  // empty: the standard phrase
  Version version = Version::kHttp11;
  Headers headers;
  BodyLength body;
  std::optional<std::uint64_t> announced_length;  // Content-Length where there is no body: to HEAD, and of a 304
  bool keep_alive = true;                         // the upstream lets the connection be used again
  std::string_view upgrade;                       // protocols named with `Connection: upgrade` (101, 426), else empty
};

// A piece of a body; `bytes` are valid until the next piece is asked for.
struct Chunk {
  std::string_view bytes;
  bool is_last = false;
  const Headers* trailers = nullptr;  // of the last piece, where there are any
};

// An answer that the gateway makes itself; owns its text.
struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string details;  // of its own reason, a word for the log; may be empty

  static Response json(int status, std::string body);           // application/json
  static Response text(int status, std::string body);           // text/plain
  static Response error(int status, std::string_view message);  // {"error_msg": "..."} and a newline
};

// The phrase of RFC 9110 15, or "" for an unknown status.
std::string_view reason_phrase(int status) noexcept;
// The three digits of a status of 100..599, or "" for any other.
std::string_view status_digits(int status) noexcept;
// Whether doing it twice is meant to be the same as doing it once (RFC 9110 9.2.2).
bool is_idempotent(std::string_view method) noexcept;
// Whether a response to `method` with `status` never has a body (RFC 9110 6.4.1).
bool has_no_body(std::string_view method, int status) noexcept;

}  // namespace sallyport::http
