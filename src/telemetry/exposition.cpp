#include "telemetry/exposition.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

namespace sallyport::telemetry {
namespace {

// The same labels counted by several workers, added up. Views lead into the workers' series, which outlive the scrape.
struct StatusKey {
  SeriesLabels labels;
  int status = 0;
  ResponseSource source = ResponseSource::kGateway;
  auto tie() const {
    return std::tie(labels.route, labels.matched_uri, labels.matched_host, labels.service, labels.consumer, labels.node,
                    status, source);
  }
  friend bool operator<(const StatusKey& a, const StatusKey& b) { return a.tie() < b.tie(); }
};

struct TrafficKey {
  std::string_view route;
  std::string_view service;
  std::string_view consumer;
  std::string_view node;
  friend auto operator<=>(const TrafficKey&, const TrafficKey&) = default;
};

struct Distribution {
  std::array<std::uint64_t, Histogram::kBuckets> buckets{};
  std::uint64_t nanoseconds = 0;

  void add(const Histogram& histogram) {
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += histogram.in_bucket(i);
    nanoseconds += histogram.nanoseconds();
  }
};

struct Traffic {
  Distribution request;
  Distribution upstream;
  Distribution gateway;
  std::uint64_t ingress_bytes = 0;
  std::uint64_t egress_bytes = 0;
};

struct Totals {
  std::map<StatusKey, std::uint64_t> statuses;
  std::map<TrafficKey, Traffic> traffic;
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kConnectionStates> connections{};
  std::array<std::uint64_t, kCuts> cuts{};
  std::array<std::uint64_t, kHandshakes> handshakes{};

  void add(const WorkerMetrics& worker) {
    requests += worker.requests();
    accepted += worker.connections_accepted();
    for (std::size_t i = 0; i < connections.size(); ++i) {
      connections[i] += worker.connections_in(static_cast<ConnectionState>(i));
    }
    for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] += worker.clients_cut(static_cast<Cut>(i));
    for (std::size_t i = 0; i < handshakes.size(); ++i) handshakes[i] += worker.handshakes(static_cast<Handshake>(i));
    worker.series().for_each([this](const Series& series) { add(series); });
  }

  void add(const Series& series) {
    const SeriesLabels& labels = series.labels;
    series.statuses.for_each(
        [&](int status, ResponseSource source, std::uint64_t count) { statuses[{labels, status, source}] += count; });
    Traffic& sum = traffic[{labels.route, labels.service, labels.consumer, labels.node}];
    sum.request.add(series.request);
    sum.upstream.add(series.upstream);
    sum.gateway.add(series.gateway);
    sum.ingress_bytes += series.ingress_bytes.value();
    sum.egress_bytes += series.egress_bytes.value();
  }
};

std::string_view name(ResponseSource source) {
  switch (source) {
    case ResponseSource::kGateway:
      return "apisix";
    case ResponseSource::kPlugin:
      return "plugin";
    case ResponseSource::kUpstream:
      return "upstream";
  }
  return "apisix";
}

// Resident memory; 0 where /proc does not tell.
std::uint64_t resident_bytes() {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), std::fclose);
  unsigned long long size = 0;
  unsigned long long resident = 0;
  if (!file || std::fscanf(file.get(), "%llu %llu", &size, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Writes families one after the other.
class Exposition final {
 public:
  explicit Exposition(std::string_view prefix) : prefix_(prefix) {}

  std::string take() { return std::move(out_); }

  void add_http(const Totals& totals) {
    add_statuses(totals);
    add_latencies(totals);
    add_bandwidth(totals);
    add_connections(totals);
    family(prefix_, "http_requests_total", "gauge", "The total number of client requests since APISIX started");
    number(totals.requests);
    add_cuts(totals);
    add_handshakes(totals);
  }

  void add_workers(std::span<const WorkerMetrics* const> workers) {
    add_workers(workers, "worker_connections", "gauge", "Connections of clients that a worker serves",
                [](const WorkerMetrics& worker) {
                  std::uint64_t open = 0;
                  for (std::size_t i = 0; i < kConnectionStates; ++i) {
                    open += worker.connections_in(static_cast<ConnectionState>(i));
                  }
                  return open;
                });
    add_workers(workers, "worker_connections_handed_over_total", "counter",
                "Connections that a worker accepted while it had more than its share, and gave to another",
                [](const WorkerMetrics& worker) { return worker.connections_handed_over(); });
  }

  void add_process(const ProcessFacts& process) {
    family(prefix_, "node_info", "gauge", "Info of APISIX node");
    label("hostname", process.hostname);
    label("version", process.version);
    number(1);
    add_nodes(process.nodes);
    own("snapshot_revision", "gauge", "Revision of the configuration that serves now", process.snapshot_revision);
    own("resident_memory_bytes", "gauge", "Resident memory of the process", resident_bytes());
    own("log_lines_dropped_total", "counter", "Log lines lost because the log could not be written fast enough",
        process.log_lines_dropped);
    own("load", "gauge",
        "0: everything is served; 1: idle connections are closed; 2: requests get 503; 3: none accepted", process.load);
    family("sallyport_", "resource_used_ratio", "gauge", "What is in use of what may be; 0 without a limit");
    for (const ResourceUse& resource : process.resources) {
      label("resource", resource.name);
      number(resource.share);
    }
    add_staples(process.staples);
  }

 private:
  void family(std::string_view prefix, std::string_view family_name, std::string_view type, std::string_view help) {
    name_.assign(prefix).append(family_name);
    fmt::format_to(std::back_inserter(out_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name_, help, type);
  }

  void own(std::string_view family_name, std::string_view type, std::string_view help, std::uint64_t value) {
    family("sallyport_", family_name, type, help);
    number(value);
  }

  void label(std::string_view key, std::string_view value) {
    labels_ += labels_.empty() ? '{' : ',';
    labels_.append(key).append("=\"");
    append_label_value(labels_, value);
    labels_ += '"';
  }

  // Ends a line: name, the labels given since the last one, the value.
  template <class Number>
  void number(Number value, std::string_view suffix = "") {
    if (!labels_.empty()) labels_ += '}';
    fmt::format_to(std::back_inserter(out_), "{}{}{} {}\n", name_, suffix, labels_, value);
    labels_.clear();
  }

  void labels_of(const TrafficKey& key) {
    label("route", key.route);
    label("service", key.service);
    label("consumer", key.consumer);
    label("node", key.node);
    label("request_type", "traditional_http");
    label("request_llm_model", "");
    label("llm_model", "");
  }

  void add_statuses(const Totals& totals) {
    family(prefix_, "http_status", "counter", "HTTP status codes per service in APISIX");
    for (const auto& [key, count] : totals.statuses) {
      label("code", fmt::format("{}", key.status));
      label("matched_uri", key.labels.matched_uri);
      label("matched_host", key.labels.matched_host);
      labels_of({key.labels.route, key.labels.service, key.labels.consumer, key.labels.node});
      label("response_source", name(key.source));
      number(count);
    }
  }

  void add_latencies(const Totals& totals) {
    family(prefix_, "http_latency", "histogram", "HTTP request latency in milliseconds per service in APISIX");
    for (const auto& [key, traffic] : totals.traffic) {
      add_latency("apisix", key, traffic.gateway);
      add_latency("request", key, traffic.request);
      add_latency("upstream", key, traffic.upstream);
    }
  }

  void add_latency(std::string_view type, const TrafficKey& key, const Distribution& distribution) {
    label("type", type);
    labels_of(key);
    const std::string common = std::exchange(labels_, {});
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < distribution.buckets.size(); ++i) {
      cumulative += distribution.buckets[i];
      labels_ = common;
      label("le", i < kLatencyBounds.size() ? fmt::format("{}", kLatencyBounds[i]) : "+Inf");
      number(cumulative, "_bucket");
    }
    labels_ = common;
    number(static_cast<double>(distribution.nanoseconds) / 1e6, "_sum");
    labels_ = common;
    number(cumulative, "_count");
  }

  void add_bandwidth(const Totals& totals) {
    family(prefix_, "bandwidth", "counter", "Total bandwidth in bytes consumed per service in APISIX");
    for (const auto& [key, traffic] : totals.traffic) {
      label("type", "egress");
      labels_of(key);
      number(traffic.egress_bytes);
      label("type", "ingress");
      labels_of(key);
      number(traffic.ingress_bytes);
    }
  }

  void add_connections(const Totals& totals) {
    auto in = [&](ConnectionState state) { return totals.connections[static_cast<std::size_t>(state)]; };
    const std::uint64_t reading = in(ConnectionState::kReading);
    const std::uint64_t writing = in(ConnectionState::kWriting);
    const std::uint64_t waiting = in(ConnectionState::kWaiting);
    family(prefix_, "nginx_http_current_connections", "gauge", "Number of HTTP connections");
    connections("accepted", totals.accepted);
    connections("active", reading + writing + waiting);
    connections("handled", totals.accepted);
    connections("reading", reading);
    connections("waiting", waiting);
    connections("writing", writing);
  }

  void add_workers(std::span<const WorkerMetrics* const> workers, std::string_view family_name, std::string_view type,
                   std::string_view help, std::uint64_t (*value)(const WorkerMetrics&)) {
    family("sallyport_", family_name, type, help);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      label("worker", std::to_string(i));
      number(value(*workers[i]));
    }
  }

  void add_cuts(const Totals& totals) {
    family("sallyport_", "clients_cut_total", "counter", "Clients that were turned away or given up");
    for (std::size_t i = 0; i < totals.cuts.size(); ++i) {
      label("reason", telemetry::name(static_cast<Cut>(i)));
      number(totals.cuts[i]);
    }
  }

  void add_handshakes(const Totals& totals) {
    family("sallyport_", "tls_handshakes_total", "counter", "Handshakes of TLS with clients");
    for (std::size_t i = 0; i < totals.handshakes.size(); ++i) {
      const HandshakeLabels labels = telemetry::labels_of(static_cast<Handshake>(i));
      label("version", labels.version);
      label("result", labels.result);
      number(totals.handshakes[i]);
    }
  }

  void connections(std::string_view state, std::uint64_t count) {
    label("state", state);
    number(count);
  }

  void add_nodes(const std::vector<NodeStatus>& nodes) {
    if (nodes.empty()) return;
    family(prefix_, "upstream_status", "gauge", "upstream status from health check");
    for (const NodeStatus& node : nodes) {
      label("name", node.upstream);
      label("ip", node.ip);
      label("port", fmt::format("{}", node.port));
      number(node.is_usable ? 1 : 0);
    }
  }

  void labels_of(const StapleStatus& staple) {
    label("certificate", staple.certificate);
    label("fingerprint", staple.fingerprint);
    label("responder", staple.responder);
  }

  void add_staples(const std::vector<StapleStatus>& staples) {
    if (staples.empty()) return;
    family("sallyport_", "ocsp_staple_age_seconds", "gauge",
           "Since the responder said what is shown; absent: nothing is");
    for (const StapleStatus& staple : staples) {
      if (!staple.age) continue;
      labels_of(staple);
      number(*staple.age);
    }
    family("sallyport_", "ocsp_staple_left_seconds", "gauge", "For which it may be shown; 0: nothing is");
    for (const StapleStatus& staple : staples) {
      labels_of(staple);
      number(staple.left);
    }
    family("sallyport_", "ocsp_failures", "gauge", "Tries in a row in which the responder gave no good answer");
    for (const StapleStatus& staple : staples) {
      labels_of(staple);
      number(staple.failures);
    }
  }

  std::string out_;
  std::string_view prefix_;
  std::string name_;
  std::string labels_;
};

}  // namespace

std::string expose(std::span<const WorkerMetrics* const> workers, const ProcessFacts& process,
                   std::string_view prefix) {
  Totals totals;
  for (const WorkerMetrics* worker : workers) totals.add(*worker);
  Exposition exposition(prefix);
  exposition.add_http(totals);
  exposition.add_workers(workers);
  exposition.add_process(process);
  return exposition.take();
}

void append_label_value(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') {
      (out += '\\') += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

}  // namespace sallyport::telemetry
