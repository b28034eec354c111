#pragma once
// What a client may ask of one connection of HTTP/2. Plain values, read by every worker. What HTTP/1 has a time for has
// the same here (wire/server_connection.h).

#include <cstddef>
#include <cstdint>

namespace sallyport::h2 {

// So many at once, which come back so fast. Who takes more is told ENHANCE_YOUR_CALM (RFC 9113 7) and loses the
// connection.
struct Allowance {
  std::uint32_t at_once;
  std::uint32_t per_second;
  friend bool operator==(const Allowance&, const Allowance&) = default;
};

struct ServerLimits {
  std::uint32_t streams = 100;                // at a time
  std::uint32_t stream_window = 64 * 1024;    // bytes of a request's body that wait for whoever reads it
  std::uint32_t connection_window = 1 << 20;  // of all of them
  std::size_t head_bytes = 60 * 1024;         // of a field section, as RFC 9113 6.5.2 counts: 32 more a field
  std::size_t fields = 100;                   // of a field section
  // Streams that ended before their response did: reset by the client, or by us for what the client did to them.
  Allowance resets{200, 20};
  // Frames that bring nothing on: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown types, DATA without data.
  // What a client reads and asks for earns it more of them.
  Allowance idle_frames{1000, 100};
  friend bool operator==(const ServerLimits&, const ServerLimits&) = default;
};

}  // namespace sallyport::h2
