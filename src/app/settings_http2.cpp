#include "app/settings_parts.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::uint32_t kMostWindow = 0x7fffffff;  // RFC 9113 6.9.1
constexpr std::uint32_t kLeastWindow = 65'535;     // what clients start with, on the connection, whatever we say
constexpr std::uint64_t kMostHead = 1 << 20;

void read_count(Section& http2, std::string_view key, std::int64_t most, std::uint32_t& to) {
  std::int64_t number = to;
  http2.read_number(key, number, 1, most);
  to = static_cast<std::uint32_t>(number);
}

void read_window(Section& http2, std::string_view key, std::uint32_t least, std::uint32_t& to) {
  std::uint64_t bytes = to;
  http2.read_size(key, bytes);
  if (bytes < least || bytes > kMostWindow) {
    return http2.error(key, fmt::format("is {} bytes; a window has {} to {}", bytes, least, kMostWindow));
  }
  to = static_cast<std::uint32_t>(bytes);
}

void read_head_bytes(Section& http2, std::size_t& to) {
  constexpr std::string_view kKey = "max_header_list_size";
  std::uint64_t bytes = to;
  http2.read_size(kKey, bytes);
  if (bytes == 0 || bytes > kMostHead) return http2.error(kKey, fmt::format("must be 1 to {} bytes", kMostHead));
  to = bytes;
}

}  // namespace

void read_http2(Section http2, h2::ServerLimits& to) {
  constexpr std::int64_t kMostStreams = 10'000;
  constexpr std::int64_t kMostFields = 10'000;
  constexpr std::int64_t kMostFrames = 1'000'000;
  read_count(http2, "max_concurrent_streams", kMostStreams, to.streams);
  read_window(http2, "stream_window_size", 1, to.stream_window);
  read_window(http2, "connection_window_size", kLeastWindow, to.connection_window);
  read_head_bytes(http2, to.head_bytes);
  auto fields = static_cast<std::uint32_t>(to.fields);
  read_count(http2, "max_header_fields", kMostFields, fields);
  to.fields = fields;
  read_count(http2, "max_resets", kMostFrames, to.resets.at_once);
  read_count(http2, "resets_per_second", kMostFrames, to.resets.per_second);
  read_count(http2, "max_idle_frames", kMostFrames, to.idle_frames.at_once);
  read_count(http2, "idle_frames_per_second", kMostFrames, to.idle_frames.per_second);
  http2.finish();
}

}  // namespace sallyport::app
