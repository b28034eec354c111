#pragma once
// What a worker counts while it serves, for Prometheus.
// A WorkerMetrics belongs to one worker, which alone writes it; any other thread may read it at any time without
// stopping the worker: numbers are relaxed atomics with one writer (plain adds, no locked instruction), and a series is
// published, complete, by a release store. A reader sees each number as of some recent moment, not all of one moment.

#include "telemetry/series_table.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::telemetry {

// One request at its end.
struct RequestSample {
  SeriesLabels labels;
  int status = 0;
  ResponseSource source = ResponseSource::kGateway;
  std::chrono::nanoseconds total{0};
  std::chrono::nanoseconds upstream{-1};  // spent waiting for the upstream; negative: there was none
  std::uint64_t received_bytes = 0;       // from the client, heads included
  std::uint64_t sent_bytes = 0;           // to the client, heads included
};

// What a client connection does, as nginx's stub_status names it.
enum class ConnectionState : std::uint8_t { kReading, kWriting, kWaiting };
inline constexpr std::size_t kConnectionStates = 3;

// Why a client was turned away or given up, if not for what it asked.
enum class Cut : std::uint8_t {
  kHandshakeTimeout,
  kHeadTimeout,
  kBodyTimeout,
  kBodyTooSlow,
  kResponseTimeout,
  kFlood,
  kConnections,
  kAddressConnections,
  kProxyHeader,
  kOverload,
  kDescriptors,
};
inline constexpr std::size_t kCuts = 11;
std::string_view name(Cut cut);

// How a handshake of TLS with a client ended.
enum class Handshake : std::uint8_t { kFull12, kResumed12, kFull13, kResumed13, kFailed };
inline constexpr std::size_t kHandshakes = 5;
struct HandshakeLabels {
  std::string_view version;  // "TLSv1.3"; empty when it failed
  std::string_view result;   // full, resumed, failed
};
HandshakeLabels labels_of(Handshake handshake);

class WorkerMetrics final {
 public:
  WorkerMetrics() = default;
  WorkerMetrics(const WorkerMetrics&) = delete;
  WorkerMetrics& operator=(const WorkerMetrics&) = delete;

  // Under 50 ns when the series exists.
  void record(const RequestSample& sample);

  void connection_opened(ConnectionState state) noexcept;
  void connection_moved(ConnectionState from, ConnectionState to) noexcept;
  void connection_closed(ConnectionState state) noexcept;

  void connection_handed_over() noexcept { handed_over_.add(); }
  void client_cut(Cut cut) noexcept { cuts_[static_cast<std::size_t>(cut)].add(); }
  void client_shook_hands(Handshake handshake) noexcept { handshakes_[static_cast<std::size_t>(handshake)].add(); }

  // For readers.
  const SeriesTable& series() const noexcept { return series_; }
  std::uint64_t requests() const noexcept { return requests_.value(); }
  std::uint64_t connections_accepted() const noexcept { return accepted_.value(); }
  std::uint64_t connections_in(ConnectionState state) const noexcept;
  std::uint64_t connections_handed_over() const noexcept { return handed_over_.value(); }  // to other workers
  std::uint64_t clients_cut(Cut cut) const noexcept { return cuts_[static_cast<std::size_t>(cut)].value(); }
  std::uint64_t handshakes(Handshake handshake) const noexcept {
    return handshakes_[static_cast<std::size_t>(handshake)].value();
  }

 private:
  SeriesTable series_;
  Counter requests_;
  Counter accepted_;
  Counter handed_over_;
  std::array<Counter, kConnectionStates> entered_;
  std::array<Counter, kConnectionStates> left_;
  std::array<Counter, kCuts> cuts_;
  std::array<Counter, kHandshakes> handshakes_;
};

}  // namespace sallyport::telemetry
