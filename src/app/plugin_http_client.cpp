#include "app/plugin_http_client.h"

#include "async/until_set.h"
#include "http/authority.h"
#include "resources/upstream.h"

#include <algorithm>
#include <utility>

namespace sallyport::app {
namespace {

constexpr std::size_t kMostHosts = 1000;  // whose clusters are kept

constexpr Milliseconds kLongestWait{60'000};  // of a stream, for its target

std::string without_brackets(std::string_view host) {
  return std::string(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
}

Task<bool> next_snapshot(snapshot::Snapshots& snapshots, std::size_t worker) {
  co_await snapshots.next(worker);
  co_return true;
}

}  // namespace

struct PluginHttpClient::Flight {
  Done done;
  async::TaskGroup task;
};

class PluginHttpClient::Handle final : public Call {
 public:
  Handle(const std::shared_ptr<Flights>& flights, std::uint64_t number) : flights_(flights), number_(number) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() override {
    if (auto flights = flights_.lock()) flights->erase(number_);
  }

 private:
  std::weak_ptr<Flights> flights_;
  std::uint64_t number_;
};

class PluginHttpClient::StreamHandle final : public Stream {
 public:
  StreamHandle(const std::shared_ptr<Streams>& streams, std::uint64_t number, std::shared_ptr<PluginStream> stream)
      : streams_(streams), number_(number), stream_(std::move(stream)) {}
  StreamHandle(const StreamHandle&) = delete;
  StreamHandle& operator=(const StreamHandle&) = delete;
  ~StreamHandle() override {
    stream_->stop();
    if (auto streams = streams_.lock()) streams->erase(number_);
  }

  void send(std::string_view bytes, bool is_last) override { stream_->send(bytes, is_last); }
  std::size_t unsent() const noexcept override { return stream_->unsent(); }
  void give_up(wasm::GrpcEnd why) override { stream_->give_up(std::move(why)); }
  void go_on() override { stream_->go_on(); }

 private:
  std::weak_ptr<Streams> streams_;
  std::uint64_t number_;
  std::shared_ptr<PluginStream> stream_;
};

PluginHttpClient::PluginHttpClient(std::size_t worker, async::Reactor& reactor, snapshot::Snapshots& snapshots,
                                   upstream::Caller& caller, upstream::ForbiddenAddresses forbidden)
    : worker_(worker),
      reactor_(reactor),
      snapshots_(snapshots),
      caller_(caller),
      forbidden_(std::move(forbidden)),
      flights_(std::make_shared<Flights>()),
      streams_(std::make_shared<Streams>()) {}

PluginHttpClient::~PluginHttpClient() = default;

void PluginHttpClient::stop() {
  flights_->clear();
  for (const auto& [number, stream] : std::exchange(*streams_, {})) stream->stop();
}

Status PluginHttpClient::reach(const wasm::HttpTarget& target) {
  TRY_STATUS(find(target));
  return {};
}

Result<upstream::ClusterPtr> PluginHttpClient::find(const wasm::HttpTarget& target) {
  if (auto cluster = snapshots_.pin(worker_)->upstream(target.name)) {
    if (!target.speaks_grpc || cluster->speaks_http2()) return cluster;
    return fail(ErrorCode::kNotFound, "that upstream is not spoken to in HTTP/2; give it the scheme grpc or grpcs");
  }
  if (target.may_be_host) return find_host(target);
  return fail(ErrorCode::kNotFound,
              "there is no upstream of that id or name; create one, or name a host:port that the plugin's "
              "http_call_hosts lists");
}

Result<upstream::ClusterPtr> PluginHttpClient::find_host(const wasm::HttpTarget& target) {
  const std::string name = (target.speaks_grpc ? "grpc_call/" : "http_call/") + target.name;
  if (auto known = hosts_.find(name); known != hosts_.end()) return known->second;
  auto authority = http::parse_authority(target.name);
  if (!authority || !authority->port) return fail(ErrorCode::kInvalid, "it is no host:port");
  resources::Upstream upstream;
  upstream.nodes.push_back({without_brackets(authority->host), *authority->port});
  if (target.speaks_grpc) upstream.scheme = resources::Scheme::kGrpc;
  TRY(auto cluster, upstream::Cluster::compile(upstream, name, forbidden_));
  if (hosts_.size() >= kMostHosts) hosts_.clear();
  hosts_.emplace(name, cluster);
  return cluster;
}

std::unique_ptr<wasm::HttpClient::Call> PluginHttpClient::start(wasm::HttpCallOrder order, Done done) {
  const std::uint64_t number = ++last_;
  auto flight = std::make_shared<Flight>();
  flight->done = std::move(done);
  flights_->emplace(number, std::move(flight));
  auto handle = std::make_unique<Handle>(flights_, number);
  // Whoever asks may be in the middle of a guest's callback.
  reactor_.post([this, alive = std::weak_ptr(flights_), number, order = std::move(order)]() mutable {
    if (alive.lock()) begin(number, std::move(order));
  });
  return handle;
}

void PluginHttpClient::begin(std::uint64_t number, wasm::HttpCallOrder order) {
  auto found = flights_->find(number);
  if (found == flights_->end()) return;
  auto flight = found->second;
  flight->task.spawn(run(number, std::move(order)));
}

// Its end is a message: whoever is told may end this very task.
Task<void> PluginHttpClient::run(std::uint64_t number, wasm::HttpCallOrder order) {
  const SteadyTime began = reactor_.now();
  auto cluster = find(order.target);
  if (!cluster && order.waits_for_target) cluster = co_await find_later(order.target, order.timeout);
  http::CallResult result;
  if (cluster) {
    const auto waited = std::chrono::duration_cast<Milliseconds>(reactor_.now() - began);
    const upstream::CallLimits limits{std::max(order.timeout - waited, Milliseconds(1)), order.most_answer_bytes};
    auto identity = identity_of(**cluster);
    result = co_await caller_.call(std::move(*cluster), std::move(order.request), limits, std::move(identity));
  } else {
    result = std::unexpected(http::CallFailure{http::CallFailure::Kind::kUnavailable, cluster.error().what});
  }
  reactor_.post([this, alive = std::weak_ptr(flights_), number, result = std::move(result)]() mutable {
    if (alive.lock()) deliver(number, std::move(result));
  });
}

tls::ClientIdentityPtr PluginHttpClient::identity_of(const upstream::Cluster& cluster) {
  const upstream::ClusterTls* tls = cluster.tls();
  const bool names_identity = tls && !tls->identity_id.empty();
  return names_identity ? snapshots_.pin(worker_)->client_identity(tls->identity_id) : nullptr;
}

std::unique_ptr<wasm::HttpClient::Stream> PluginHttpClient::open(wasm::HttpCallOrder order, Told told) {
  const std::uint64_t number = ++last_;
  auto stream = std::make_shared<PluginStream>(reactor_, std::move(order), std::move(told));
  streams_->emplace(number, stream);
  auto handle = std::make_unique<StreamHandle>(streams_, number, stream);
  reactor_.post([this, alive = std::weak_ptr(streams_), stream = std::weak_ptr(stream)] {
    auto begun = stream.lock();
    if (!begun || !alive.lock()) return;
    begun->begin([this](wasm::HttpCallOrder its_order) { return open_stream(std::move(its_order)); });
  });
  return handle;
}

Task<PluginStream::Opened> PluginHttpClient::open_stream(wasm::HttpCallOrder order) {
  auto cluster = find(order.target);
  if (!cluster && order.waits_for_target) cluster = co_await find_later(order.target, kLongestWait);
  if (!cluster) {
    co_return std::unexpected(http::CallFailure{http::CallFailure::Kind::kUnavailable, cluster.error().what});
  }
  auto identity = identity_of(**cluster);
  co_return co_await caller_.open(std::move(*cluster), std::move(order.request), std::move(identity));
}

// The conf that asked serves from the next Snapshot on, in which there may be what it names.
Task<Result<upstream::ClusterPtr>> PluginHttpClient::find_later(wasm::HttpTarget target, Milliseconds timeout) {
  async::Event late;
  auto timer = reactor_.start_timer(timeout, async::Reactor::Repeat::kOnce, [&late] { late.set(); });
  co_await async::UntilSet(late, next_snapshot(snapshots_, worker_));
  co_return find(target);
}

void PluginHttpClient::deliver(std::uint64_t number, http::CallResult result) {
  auto flight = flights_->extract(number);
  if (flight.empty()) return;
  flight.mapped()->done(std::move(result));
}

}  // namespace sallyport::app
