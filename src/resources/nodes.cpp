#include "resources/nodes.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace sallyport::resources {
namespace {

std::unexpected<Error> bad_node(std::string_view what, std::string_view address) {
  return fail(ErrorCode::kInvalid,
              fmt::format("{} in node \"{}\"; write \"host:port\", an IPv6 host in brackets", what, address));
}

Result<std::uint16_t> port_from(std::string_view text, std::string_view address) {
  auto port = parse_unsigned(text);
  if (port && *port >= 1 && *port <= 65535) return static_cast<std::uint16_t>(*port);
  return bad_node(fmt::format("invalid port {}", text), address);
}

Result<Node> node_from_brackets(std::string_view address) {
  Node node;
  std::size_t close = address.find(']');
  if (close == std::string_view::npos) return bad_node("no closing bracket", address);
  node.host = address.substr(1, close - 1);
  if (!is_ipv6(node.host)) return bad_node("no IPv6 address between the brackets", address);
  std::string_view rest = address.substr(close + 1);
  if (rest.empty()) return node;
  if (rest[0] != ':') return bad_node("something other than a port after the bracket", address);
  TRY(node.port, port_from(rest.substr(1), address));
  return node;
}

Result<Node> node_from_item(const json::Value& item) {
  Node node;
  node.host = item.string_or("host", "");
  if (node.host.starts_with('[')) {
    TRY(node, node_from_brackets(node.host));
  }
  if (item.find("port"))
    node.port = static_cast<std::uint16_t>(std::clamp<std::int64_t>(item.integer_or("port", 0), 0, 65535));
  node.weight = item.integer_or("weight", 1);
  node.priority = item.integer_or("priority", 0);
  return node;
}

}  // namespace

bool is_ipv6(std::string_view text) {
  in6_addr parsed;
  return text.find('\0') == std::string_view::npos && inet_pton(AF_INET6, std::string(text).c_str(), &parsed) == 1;
}

Result<Node> node_from_address(std::string_view address) {
  if (address.starts_with('[')) return node_from_brackets(address);
  Node node;
  auto colons = std::ranges::count(address, ':');
  std::size_t colon = address.rfind(':');
  node.host = address.substr(0, colons == 1 ? colon : address.size());
  if (colons > 1 && !is_ipv6(address)) return bad_node("more than one port", address);
  if (node.host.empty()) return bad_node("no host", address);
  if (colons == 1) {
    TRY(node.port, port_from(address.substr(colon + 1), address));
  }
  return node;
}

Result<std::vector<Node>> nodes_from(const json::Value& nodes, Scheme scheme) {
  std::vector<Node> all;
  if (nodes.is_object()) {
    for (const auto& [address, weight] : nodes.object()) {
      TRY(Node node, node_from_address(address));
      node.weight = weight.is_number() ? weight.integer() : 1;
      all.push_back(std::move(node));
    }
  } else if (nodes.is_array()) {
    for (const json::Value& item : nodes.array()) {
      TRY(Node node, node_from_item(item));
      all.push_back(std::move(node));
    }
  }
  for (Node& node : all) {
    if (node.port == 0) node.port = default_port(scheme).value_or(0);
  }
  return all;
}

}  // namespace sallyport::resources
