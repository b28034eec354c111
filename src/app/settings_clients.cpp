#include "app/settings_parts.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::uint64_t kMostHead = 1 << 20;
constexpr std::uint64_t kLeastHead = 1 << 10;
constexpr std::int64_t kMostFields = 10'000;
constexpr std::int64_t kMostConnections = 100'000'000;

void read_head_size(Section& http1, std::string_view key, std::size_t& to) {
  std::uint64_t bytes = to;
  http1.read_size(key, bytes);
  if (bytes < kLeastHead || bytes > kMostHead) {
    return http1.error(key, fmt::format("is {} bytes; give {} to {}", bytes, kLeastHead, kMostHead));
  }
  to = bytes;
}

void read_count(Section& clients, std::string_view key, std::uint32_t& to) {
  std::int64_t number = to;
  clients.read_number(key, number, 0, kMostConnections);
  to = static_cast<std::uint32_t>(number);
}

// Bytes a second.
void read_rate(Section& clients, std::string_view key, std::uint32_t& to) {
  std::uint64_t bytes = to;
  clients.read_size(key, bytes);
  if (bytes > UINT32_MAX) return clients.error(key, "is over 4 GiB a second; give less, or 0 for no limit");
  to = static_cast<std::uint32_t>(bytes);
}

}  // namespace

void read_http1(Section http1, wire::HeadLimits& to) {
  read_head_size(http1, "max_header_size", to.bytes);
  read_head_size(http1, "max_target_size", to.target_bytes);
  std::int64_t fields = static_cast<std::int64_t>(to.fields);
  http1.read_number("max_header_fields", fields, 1, kMostFields);
  to.fields = static_cast<std::size_t>(fields);
  http1.finish();
}

void read_clients(Section clients, ClientLimits& to) {
  read_count(clients, "max_connections", to.connections);
  read_count(clients, "max_connections_per_address", to.connections_per_address);
  read_rate(clients, "min_request_rate", to.request_rate.bytes_per_second);
  read_rate(clients, "min_response_rate", to.response_rate.bytes_per_second);
  clients.read("rate_grace", to.request_rate.grace);
  to.response_rate.grace = to.request_rate.grace;
  clients.finish();
}

}  // namespace sallyport::app
