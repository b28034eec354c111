#include "admin/health_report.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace sallyport::admin {
namespace {

json::Value report_of(const upstream::NodeHealth& node) {
  const upstream::HealthCounters counters = node.counters();
  json::Object counter{{"success", int{counters.successes}},
                       {"http_failure", int{counters.http_failures}},
                       {"tcp_failure", int{counters.tcp_failures}},
                       {"timeout_failure", int{counters.timeouts}}};
  return json::Object{{"ip", node.ip()},
                      {"port", int{node.port()}},
                      {"hostname", node.host()},
                      {"status", upstream::name_of(node.state())},
                      {"counter", std::move(counter)}};
}

// Names of hosts come from whoever writes upstreams.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

json::Value health_report(const upstream::ClusterHealth& cluster) {
  json::Array nodes;
  for (const upstream::NodeHealthPtr& node : cluster.nodes) nodes.push_back(report_of(*node));
  return json::Object{{"name", "/apisix/" + cluster.key}, {"type", cluster.type}, {"nodes", std::move(nodes)}};
}

std::string health_page(const std::vector<upstream::ClusterHealth>& clusters) {
  std::string page =
      "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Health of upstreams</title></head><body>\n"
      "<h1>Health of upstreams</h1>\n<table border=\"1\">\n<tr><th>Upstream</th><th>Check type</th><th>Host</th>"
      "<th>Address</th><th>Status</th><th>Success counts</th><th>HTTP failure counts</th><th>TCP failure counts</th>"
      "<th>Timeout counts</th></tr>\n";
  for (const upstream::ClusterHealth& cluster : clusters) {
    for (const upstream::NodeHealthPtr& node : cluster.nodes) {
      const upstream::HealthCounters counters = node->counters();
      page += fmt::format(
          "<tr><td>/apisix/{}</td><td>{}</td><td>{}</td><td>{}:{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td>{}</td></tr>\n",
          escaped(cluster.key), cluster.type, escaped(node->host()), node->ip(), node->port(),
          upstream::name_of(node->state()), counters.successes, counters.http_failures, counters.tcp_failures,
          counters.timeouts);
    }
  }
  return page + "</table>\n</body></html>\n";
}

}  // namespace sallyport::admin
