#pragma once
// One worker: a thread with its own loop and everything it serves with. Made and controlled by the control thread;
// what a member says otherwise aside, all of it belongs to the worker's thread while that runs.

#include "async/address.h"
#include "async/reactor.h"
#include "async/resolver.h"
#include "base/result.h"
#include "plugins/wasm/http_client.h"
#include "proxy/options.h"
#include "proxy/proxy.h"
#include "telemetry/access_log_format.h"
#include "telemetry/log_file.h"
#include "telemetry/metrics.h"
#include "tls/client_context.h"
#include "tls/server_context.h"
#include "upstream/balancer.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sallyport::snapshot {
class Snapshots;
}

namespace sallyport::app {

// Where access log lines go; without a format, nowhere.
struct AccessLog {
  std::shared_ptr<const telemetry::AccessLogFormat> format;
  std::shared_ptr<telemetry::LogFile> file;
};

enum class Speaks : std::uint8_t { kClear, kTls };

// What a listener's connections speak, and how they begin.
struct Protocol {
  Speaks speaks;
  proxy::Http2 http2;
  proxy::Prelude prelude;
};

class Worker;

struct WorkerOptions {
  async::ResolverOptions resolver;
  upstream::BalancerOptions balancer;
  proxy::Options proxy;
  const tls::ServerContext* tls = nullptr;           // for Speaks::kTls; outlives the worker
  const tls::ClientContext* client_tls = nullptr;    // for upstreams; outlives the worker
  proxy::ClientConnections* connections = nullptr;   // of all workers; outlives the worker
  std::span<const std::unique_ptr<Worker>> workers;  // all of them, this one too
};

class Worker final {
 public:
  Worker(std::size_t number, std::unique_ptr<async::Reactor> reactor);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Control thread. Starts the thread; it serves nothing before `listen`.
  // Error: kInvalid when a name server of the options cannot be read.
  Status start(snapshot::Snapshots& snapshots, const WorkerOptions& options);
  // Control thread; waits for the answer. The socket is bound, and the worker's from now on. What it accepts while it
  // has more than its share is served by another. The address as it is bound.
  Result<async::Address> listen(int socket, Protocol protocol);
  void set_access_log(AccessLog log);
  // Control thread: accepts no more; idle connections end now, others with their response. `accepted_all` is called
  // there once every connection that there is counts among `WorkerOptions::connections`.
  void drain(async::Reactor& control, std::function<void()> accepted_all);
  // Control thread: what to do under load, until it is told otherwise.
  void set_load(proxy::Load load);
  // Control thread: ends the loop and the thread, dropping what is left.
  void stop();

  async::Reactor& reactor() noexcept { return *reactor_; }
  // The worker's thread: what plugins call others with.
  wasm::HttpClient& http_client() noexcept;
  const telemetry::WorkerMetrics& metrics() const noexcept { return metrics_; }

 private:
  struct Serving;
  void take(async::Arrival arrival, Protocol protocol);
  void serve(async::Arrival arrival, Protocol protocol, proxy::ClientConnections::Place place);
  void flush_access_log();

  std::size_t number_;
  std::unique_ptr<async::Reactor> reactor_;
  telemetry::WorkerMetrics metrics_;
  AccessLog access_log_;
  std::string pending_lines_;  // of the access log, written at the end of each turn
  std::unique_ptr<Serving> serving_;
  std::thread thread_;
};

}  // namespace sallyport::app
