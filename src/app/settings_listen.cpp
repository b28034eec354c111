#include "app/settings_parts.h"
#include "base/bytes.h"
#include "base/ip_range.h"
#include "json/parse.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::int64_t kMostPort = 65535;
constexpr std::string_view kForms = "write a port, \"ip:port\", or a mapping of ip and port";

// What a value says; the rest is not given.
struct Given {
  std::string ip;
  std::optional<std::uint16_t> port;
  std::optional<bool> http2{};
};

std::string without_brackets(std::string_view ip) {
  if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
  return std::string(ip);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  auto number = parse_unsigned(text);
  if (!number || *number > kMostPort) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

// "9080" and "127.0.0.1:9080"; the ip is empty when none is given.
std::optional<Given> parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) {
    auto port = parse_port(text);
    return port ? std::optional<Given>({.ip = "", .port = port}) : std::nullopt;
  }
  const std::string ip = without_brackets(std::string_view(text).substr(0, colon));
  auto port = parse_port(std::string_view(text).substr(colon + 1));
  if (!port || !IpAddress::parse(ip)) return std::nullopt;
  return Given{.ip = ip, .port = port};
}

std::optional<Given> read_mapping(Section section) {
  std::string ip;
  std::int64_t port = -1;
  section.read("ip", ip);
  section.read_number("port", port, 0, kMostPort);
  const bool port_is_wrong = port < 0 && section.has("port");
  std::optional<bool> http2;
  if (section.has("enable_http2")) section.read("enable_http2", http2.emplace());
  section.finish({"enable_http3"});
  ip = without_brackets(ip);
  if (!ip.empty() && !IpAddress::parse(ip)) {
    section.error("ip", fmt::format("is no IP address: {}; give one such as 127.0.0.1 or ::1", ip));
    return std::nullopt;
  }
  if (port_is_wrong) return std::nullopt;
  Given given{.ip = ip, .port = std::nullopt, .http2 = http2};
  if (port >= 0) given.port = static_cast<std::uint16_t>(port);
  return given;
}

// What one value says; nothing, with an error noted, when it makes no sense.
std::optional<Given> read_one(Problems& problems, const Setting& setting) {
  const json::Value& value = *setting.value;
  if (value.is_object()) return read_mapping({problems, setting});
  std::optional<Given> given;
  if (value.is_string()) given = parse_listen(value.string());
  if (value.is_integer()) given = parse_listen(json::print(value));
  if (!given) problems.error(setting, fmt::format("is no address to listen on: {}; {}", json::print(value), kForms));
  return given;
}

void add_listen(Problems& problems, const Setting& setting, const Given& given, bool ipv6, std::vector<Listen>& to) {
  if (!given.port) return problems.error(setting, "has no port; give one");
  const auto before = static_cast<std::ptrdiff_t>(to.size());
  if (given.ip.empty()) {
    listen_everywhere(*given.port, ipv6, to);
  } else {
    to.push_back({.ip = given.ip, .port = *given.port});
  }
  for (auto added = to.begin() + before; added != to.end(); ++added) added->http2 = given.http2;
}

}  // namespace

void read_listen(Section& section, std::string_view key, Listen& to) {
  const Setting setting = section.at(key);
  auto given = setting.value ? read_one(section.problems(), setting) : std::nullopt;
  if (!given) return;
  if (!given->ip.empty()) to.ip = given->ip;
  if (given->port) to.port = *given->port;
}

void read_listens(Section& section, std::string_view key, bool ipv6, std::vector<Listen>& to) {
  const Setting setting = section.at(key);
  if (!setting.value) return;
  const auto elements = setting.value->is_array() ? section.list(key) : std::vector<Setting>{setting};
  if (elements.empty()) section.error(key, "is an empty list; give at least one port");
  to.clear();
  for (const Setting& element : elements) {
    if (auto given = read_one(section.problems(), element)) add_listen(section.problems(), element, *given, ipv6, to);
  }
}

void listen_everywhere(std::uint16_t port, bool ipv6, std::vector<Listen>& to) {
  to.push_back({.ip = "0.0.0.0", .port = port});
  // Port 0 is a different one for each socket, so there is no twin.
  if (ipv6 && port != 0) to.push_back({.ip = "::", .port = port, .optional = true});
}

void read_networks(Section& section, std::string_view key, std::vector<std::string>& to) {
  section.read(key, to);
  for (const std::string& network : to) {
    if (!IpRange::parse(network)) {
      section.error(key,
                    fmt::format("names {}, which is no address or network; write 10.0.0.1 or 10.0.0.0/8", network));
    }
  }
}

}  // namespace sallyport::app
