#pragma once
// The `nodes` of an upstream, in both their forms: {"host:port": weight} and [{host, port, weight, priority}].

#include "base/result.h"
#include "json/value.h"
#include "resources/upstream.h"

#include <string_view>
#include <vector>

namespace sallyport::resources {

// "name", "name:80", "10.0.0.1:80", "::1", "[::1]" or "[::1]:80"; port 0 when there is none.
// Error: kInvalid, quoting the address.
Result<Node> node_from_address(std::string_view address);

// Nodes in written order, ports filled by `scheme` where it has a default. Error: kInvalid, quoting the node.
Result<std::vector<Node>> nodes_from(const json::Value& nodes, Scheme scheme);

// An IPv6 address as text, without brackets.
bool is_ipv6(std::string_view text);

}  // namespace sallyport::resources
