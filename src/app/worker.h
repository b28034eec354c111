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

struct WorkerOptions {
  async::ResolverOptions resolver;
  upstream::BalancerOptions balancer;
  proxy::Options proxy;
  const tls::ServerContext* tls = nullptr;         // for Speaks::kTls; outlives the worker
  const tls::ClientContext* client_tls = nullptr;  // for upstreams; outlives the worker
  proxy::ConnectionLimits* connections = nullptr;  // of all workers; outlives the worker
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
  // Control thread; waits for the answer. The socket is bound, and the worker's from now on. The address as it is
  // bound.
  Result<async::Address> listen(int socket, Speaks speaks, proxy::Http2 http2, proxy::Prelude prelude);
  void set_access_log(AccessLog log);
  // Control thread: accepts no more; idle connections end now, others with their response.
  void drain();
  // Control thread: what to do under load, until it is told otherwise.
  void set_load(proxy::Load load);
  // Control thread: `told` is called there with the number of open connections.
  void count_connections(async::Reactor& control, std::function<void(std::size_t)> told);
  // Control thread: ends the loop and the thread, dropping what is left.
  void stop();

  async::Reactor& reactor() noexcept { return *reactor_; }
  // The worker's thread: what plugins call others with.
  wasm::HttpClient& http_client() noexcept;
  const telemetry::WorkerMetrics& metrics() const noexcept { return metrics_; }

 private:
  struct Serving;
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
