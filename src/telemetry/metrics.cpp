#include "telemetry/metrics.h"

namespace sallyport::telemetry {
namespace {

std::size_t index(ConnectionState state) noexcept { return static_cast<std::size_t>(state); }

constexpr std::array<std::string_view, kCuts> kCutNames = {
    "handshake_timeout", "head_timeout",  "body_timeout", "body_too_slow", "response_timeout", "flood",
    "connection_limit",  "address_limit", "proxy_header", "overload",      "descriptor_limit",
};

constexpr std::array<HandshakeLabels, kHandshakes> kHandshakeLabels = {{
    {"TLSv1.2", "full"},
    {"TLSv1.2", "resumed"},
    {"TLSv1.3", "full"},
    {"TLSv1.3", "resumed"},
    {"", "failed"},
}};

}  // namespace

HandshakeLabels labels_of(Handshake handshake) { return kHandshakeLabels[static_cast<std::size_t>(handshake)]; }

std::string_view name(Cut cut) { return kCutNames[static_cast<std::size_t>(cut)]; }

void WorkerMetrics::record(const RequestSample& sample) {
  requests_.add();
  Series& series = series_.find_or_add(sample.labels);
  series.statuses.add(sample.status, sample.source);
  series.request.record(sample.total);
  if (sample.upstream.count() >= 0) {
    series.upstream.record(sample.upstream);
    series.gateway.record(sample.total - sample.upstream);
  } else {
    series.gateway.record(sample.total);
  }
  series.ingress_bytes.add(sample.received_bytes);
  series.egress_bytes.add(sample.sent_bytes);
}

void WorkerMetrics::connection_opened(ConnectionState state) noexcept {
  accepted_.add();
  entered_[index(state)].add();
}

void WorkerMetrics::connection_moved(ConnectionState from, ConnectionState to) noexcept {
  left_[index(from)].add();
  entered_[index(to)].add();
}

void WorkerMetrics::connection_closed(ConnectionState state) noexcept { left_[index(state)].add(); }

std::uint64_t WorkerMetrics::connections_in(ConnectionState state) const noexcept {
  // The two are read at different moments, so the difference may be off by those that moved in between.
  const std::uint64_t left = left_[index(state)].value();
  const std::uint64_t entered = entered_[index(state)].value();
  return entered > left ? entered - left : 0;
}

}  // namespace sallyport::telemetry
