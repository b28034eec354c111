#include "app/settings_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sallyport::app {
namespace {

constexpr std::uint64_t kMostHead = 1 << 20;
constexpr std::uint64_t kLeastHead = 1 << 10;
constexpr std::uint64_t kMostBuffer = 1 << 20;
constexpr std::uint64_t kLeastBuffer = 4 << 10;
constexpr std::int64_t kMostFields = 10'000;
constexpr std::int64_t kMostConnections = 100'000'000;

void read_size_within(Section& section, std::string_view key, std::uint64_t least, std::uint64_t most,
                      std::size_t& to) {
  std::uint64_t bytes = to;
  section.read_size(key, bytes);
  if (bytes < least || bytes > most) {
    return section.error(key, fmt::format("is {} bytes; give {} to {}", bytes, least, most));
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

// A port of its own: what comes there begins with the header, always.
void read_announced(Section& section, std::string_view key, bool ipv6, std::vector<Listen>& to) {
  if (!section.has(key)) return void(section.at(key));
  std::int64_t port = 0;
  section.read_number(key, port, 1, 65535);
  std::vector<Listen> added;
  listen_everywhere(static_cast<std::uint16_t>(port), ipv6, added);
  for (Listen& listen : added) {
    const auto is_same = [&](const Listen& other) { return other.port == listen.port; };
    if (std::ranges::any_of(to, is_same)) {
      return section.error(key, fmt::format("is {}, where clients come without a header; give another port", port));
    }
  }
  for (Listen& listen : added) {
    listen.proxy_protocol = true;
    to.push_back(std::move(listen));
  }
}

}  // namespace

void read_proxy_protocol(Section section, Settings& settings) {
  read_announced(section, "listen_http_port", settings.ipv6, settings.listen);
  read_announced(section, "listen_https_port", settings.ipv6, settings.ssl.listen);
  if (section.has("listen_https_port") && !settings.ssl.enabled) {
    section.warn("listen_https_port", "has no effect: apisix.ssl.enable is false");
  }
  section.finish({"enable_tcp_pp", "enable_tcp_pp_to_upstream"});
}

void read_buffer_size(Section& apisix, std::size_t& to) {
  read_size_within(apisix, "read_buffer_size", kLeastBuffer, kMostBuffer, to);
}

void read_http1(Section http1, wire::HeadLimits& to) {
  read_size_within(http1, "max_header_size", kLeastHead, kMostHead, to.bytes);
  read_size_within(http1, "max_target_size", kLeastHead, kMostHead, to.target_bytes);
  std::int64_t fields = static_cast<std::int64_t>(to.fields);
  http1.read_number("max_header_fields", fields, 1, kMostFields);
  to.fields = static_cast<std::size_t>(fields);
  http1.finish();
}

void read_overload(Section overload, OverloadSettings& to) {
  constexpr std::int64_t kMostBusy = 100'000'000;
  overload.read("enable", to.enabled);
  overload.read_size("memory_limit", to.memory_limit);
  std::int64_t busy = static_cast<std::int64_t>(to.max_busy_connections);
  overload.read_number("max_busy_connections", busy, 0, kMostBusy);
  to.max_busy_connections = static_cast<std::uint64_t>(busy);
  overload.read_number("close_idle", to.close_idle, 1, 1000);
  overload.read_number("shed", to.shed, 1, 1000);
  overload.read_number("stop_accepting", to.stop_accepting, 1, 1000);
  overload.read_number("recover", to.recover, 0, 50);
  overload.read("interval", to.interval);
  if (to.interval < std::chrono::milliseconds(10)) overload.error("interval", "is below 10ms; give that or more");
  const bool is_ordered = to.close_idle <= to.shed && to.shed <= to.stop_accepting;
  if (!is_ordered) overload.error("shed", "is out of order: give close_idle <= shed <= stop_accepting");
  overload.finish();
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
