#include "app/worker.h"

#include "app/plugin_http_client.h"
#include "proxy/exchange_log.h"
#include "proxy/proxy.h"
#include "snapshot/snapshots.h"
#include "upstream/caller.h"

#include <pthread.h>

#include <functional>
#include <future>

namespace sallyport::app {

// What lives on the worker's thread, in the order in which it depends on each other.
struct Worker::Serving {
  Serving(Worker& worker, snapshot::Snapshots& snapshots, std::unique_ptr<async::Resolver> name_resolver,
          const WorkerOptions& options);
  proxy::Options options;
  proxy::ClientConnections& connections;
  std::span<const std::unique_ptr<Worker>> workers;
  std::unique_ptr<async::Resolver> resolver;
  upstream::Balancer balancer;
  upstream::ConnectionPool pool;
  SystemClock clock;
  upstream::Caller caller;
  PluginHttpClient http_client;
  proxy::ExchangeLog log;
  proxy::Proxy proxy;
  std::vector<std::unique_ptr<async::Listener>> listeners;
};

Worker::Serving::Serving(Worker& worker, snapshot::Snapshots& snapshots, std::unique_ptr<async::Resolver> name_resolver,
                         const WorkerOptions& worker_options)
    : options(worker_options.proxy),
      connections(*worker_options.connections),
      workers(worker_options.workers),
      resolver(std::move(name_resolver)),
      balancer(*worker.reactor_, *resolver, worker_options.balancer),
      pool(*worker.reactor_, worker_options.client_tls),
      caller(*worker.reactor_, balancer, pool, clock),
      http_client(worker.number_, *worker.reactor_, snapshots, caller, worker_options.balancer.forbidden),
      log(worker.metrics_),
      proxy({worker.number_, *worker.reactor_, snapshots, balancer, pool, log, options, worker_options.tls,
             worker_options.connections}) {}

Worker::Worker(std::size_t number, std::unique_ptr<async::Reactor> reactor)
    : number_(number), reactor_(std::move(reactor)) {}

Worker::~Worker() { stop(); }

Status Worker::start(snapshot::Snapshots& snapshots, const WorkerOptions& options) {
  TRY(auto resolver, async::open_resolver(*reactor_, options.resolver));
  serving_ = std::make_unique<Serving>(*this, snapshots, std::move(resolver), options);
  reactor_->at_turn_end([this] {
    serving_->proxy.end_turn();
    flush_access_log();
  });
  thread_ = std::thread([this, &snapshots] {
    pthread_setname_np(pthread_self(), ("worker " + std::to_string(number_)).c_str());
    reactor_->run();
    serving_->listeners.clear();
    serving_->proxy.stop();
    serving_->http_client.stop();
    flush_access_log();
    snapshots.leave(number_);
  });
  return {};
}

wasm::HttpClient& Worker::http_client() noexcept { return serving_->http_client; }

Result<async::Address> Worker::listen(int socket, Protocol protocol) {
  std::promise<Result<async::Address>> bound;
  reactor_->post([this, socket, protocol, &bound] {
    auto on_arrival = [this, protocol](async::Arrival arrival) { take(std::move(arrival), protocol); };
    auto listener = reactor_->listen_on(socket, on_arrival);
    if (!listener) return bound.set_value(std::unexpected(std::move(listener).error()));
    serving_->listeners.push_back(std::move(*listener));
    bound.set_value(serving_->listeners.back()->local_address());
  });
  return bound.get_future().get();
}

// Its place is taken here, so that it counts on its way to another worker, too.
void Worker::take(async::Arrival arrival, Protocol protocol) {
  const std::size_t number = serving_->connections.worker_for_next(number_);
  proxy::ClientConnections::Place place;
  if (!serving_->proxy.admit(place, number, arrival.socket())) return;
  if (number == number_) return serve(std::move(arrival), protocol, std::move(place));
  metrics_.connection_handed_over();
  Worker& other = *serving_->workers[number];
  other.reactor_->post([&other, protocol, arrival = std::move(arrival), place = std::move(place)]() mutable {
    other.serve(std::move(arrival), protocol, std::move(place));
  });
}

void Worker::serve(async::Arrival arrival, Protocol protocol, proxy::ClientConnections::Place place) {
  auto accept = protocol.speaks == Speaks::kTls ? &proxy::Proxy::accept_tls : &proxy::Proxy::accept;
  (serving_->proxy.*accept)(reactor_->adopt(std::move(arrival)), protocol.http2, protocol.prelude, std::move(place));
}

void Worker::set_access_log(AccessLog log) {
  reactor_->post([this, log = std::move(log)]() mutable {
    flush_access_log();
    access_log_ = std::move(log);
    serving_->log.set_access_log(access_log_.format, [this](std::string_view line) {
      pending_lines_.append(line);
      pending_lines_.push_back('\n');
    });
  });
}

void Worker::flush_access_log() {
  if (pending_lines_.empty()) return;
  if (access_log_.file) access_log_.file->write(pending_lines_);
  pending_lines_.clear();
}

void Worker::drain(async::Reactor& control, std::function<void()> accepted_all) {
  reactor_->post([this, &control, accepted_all = std::move(accepted_all)]() mutable {
    serving_->listeners.clear();
    serving_->proxy.drain();
    control.post(std::move(accepted_all));
  });
}

void Worker::set_load(proxy::Load load) {
  reactor_->post([this, load] {
    serving_->proxy.set_load(load);
    for (auto& listener : serving_->listeners) listener->set_accepting(load < proxy::Load::kStopAccepting);
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  reactor_->post([this] { reactor_->stop(); });
  thread_.join();
}

}  // namespace sallyport::app
