#pragma once
// Prometheus' text format (version 0.0.4) of what the workers counted, in the series APISIX has, and of the process.
// Runs on any thread, without stopping the workers; costs time in proportion to the number of series.

#include "telemetry/metrics.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::telemetry {

inline constexpr std::string_view kExpositionContentType = "text/plain; version=0.0.4; charset=utf-8";

// What health checks say of one address of an upstream.
struct NodeStatus {
  std::string upstream;  // "/apisix/upstreams/1"
  std::string ip;
  std::uint16_t port = 0;
  bool is_usable = true;
};

// How much is in use of what there is.
struct ResourceUse {
  std::string_view name;
  double share = 0;  // 0 too where no limit is known
};

// What the responder of a certificate has said of it (OCSP). No two have the same three labels.
struct StapleStatus {
  std::string certificate, fingerprint, responder;
  std::optional<double> age;  // seconds since it said what is shown; nothing: nothing is
  double left = 0;            // seconds for which it may be shown
  unsigned failures = 0;      // since then
};

// What only the house knows.
struct ProcessFacts {
  std::string hostname;
  std::string version;
  std::uint64_t snapshot_revision = 0;
  std::uint64_t log_lines_dropped = 0;
  std::vector<NodeStatus> nodes{};
  unsigned load = 0;  // 0: everything is served
  std::vector<ResourceUse> resources{};
  std::vector<StapleStatus> staples{};
};

// `prefix` stands before the names that APISIX has too; usually "apisix_".
std::string expose(std::span<const WorkerMetrics* const> workers, const ProcessFacts& process, std::string_view prefix);

// Appends `value` as it may stand between quotes: `\`, `"` and line feeds escaped.
void append_label_value(std::string& out, std::string_view value);

}  // namespace sallyport::telemetry
