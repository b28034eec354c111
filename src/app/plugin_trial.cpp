#include "app/plugin_trial.h"

#include "app/canned_grpc.h"
#include "app/loopback_upstream.h"
#include "app/plugin_http_client.h"
#include "async/epoll_reactor.h"
#include "async/resolver.h"
#include "async/task_group.h"
#include "base/arena.h"
#include "base/clock.h"
#include "chain/catalog.h"
#include "plugins/wasm/code_cache.h"
#include "plugins/wasm/runtime.h"
#include "plugins/wasm/traced_engine.h"
#include "plugins/wasm/wasm_plugin_types.h"
#include "proxy/exchange_log.h"
#include "proxy/proxy.h"
#include "snapshot/snapshot_builder.h"
#include "snapshot/snapshots.h"
#include "upstream/caller.h"
#include "wire/client_connection.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

namespace sallyport::app {
namespace {

constexpr Milliseconds kConnect{5'000};
constexpr Milliseconds kCallsAtEnd{5'000};  // for HTTP calls that are under way when the response has come
constexpr Milliseconds kPoll{1};
constexpr int kTurnsToEnd = 1'000;
constexpr int kTurnsBetweenPieces = 5;  // until the gateway has read one

// The timers of ticks: they fire in their time, and when told to.
class TickTimers final {
 public:
  explicit TickTimers(async::Reactor& reactor) : reactor_(reactor), timers_(std::make_shared<Timers>()) {}

  std::unique_ptr<async::Timer> start(Milliseconds delay, std::function<void()> fire) {
    auto number = ++last_;
    timers_->emplace(number, fire);
    return std::make_unique<OwnTimer>(number, timers_,
                                      reactor_.start_timer(delay, async::Reactor::Repeat::kOnce, std::move(fire)));
  }

  // Fires each that has been started and not dropped.
  void fire_all() const {
    const Timers now = *timers_;
    for (const auto& [number, fire] : now) {
      if (timers_->contains(number)) fire();
    }
  }
  bool empty() const noexcept { return timers_->empty(); }

 private:
  using Timers = std::map<std::uint64_t, std::function<void()>>;

  class OwnTimer final : public async::Timer {
   public:
    OwnTimer(std::uint64_t number, std::shared_ptr<Timers> timers, std::unique_ptr<async::Timer> timer)
        : number_(number), timers_(std::move(timers)), timer_(std::move(timer)) {}
    OwnTimer(const OwnTimer&) = delete;
    OwnTimer& operator=(const OwnTimer&) = delete;
    ~OwnTimer() override { timers_->erase(number_); }

   private:
    std::uint64_t number_;
    std::shared_ptr<Timers> timers_;
    std::unique_ptr<async::Timer> timer_;
  };

  async::Reactor& reactor_;
  std::uint64_t last_ = 0;
  std::shared_ptr<Timers> timers_;
};

// The client of plugins, and how many of their calls are under way.
class CountedHttpClient final : public wasm::HttpClient {
 public:
  explicit CountedHttpClient(wasm::HttpClient& client) : client_(client) {}

  Status reach(const wasm::HttpTarget& target) override { return client_.reach(target); }
  std::unique_ptr<Call> start(wasm::HttpCallOrder order, Done done) override {
    return std::make_unique<CountedCall>(count_, client_.start(std::move(order), std::move(done)));
  }
  std::unique_ptr<Stream> open(wasm::HttpCallOrder order, Told told) override {
    return std::make_unique<CountedStream>(count_, client_.open(std::move(order), std::move(told)));
  }
  std::uint64_t under_way() const noexcept { return *count_; }

 private:
  class CountedCall final : public Call {
   public:
    CountedCall(std::shared_ptr<std::uint64_t> count, std::unique_ptr<Call> call)
        : count_(std::move(count)), call_(std::move(call)) {
      ++*count_;
    }
    CountedCall(const CountedCall&) = delete;
    CountedCall& operator=(const CountedCall&) = delete;
    ~CountedCall() override { --*count_; }

   private:
    std::shared_ptr<std::uint64_t> count_;  // plugins may outlive the client
    std::unique_ptr<Call> call_;
  };

  class CountedStream final : public Stream {
   public:
    CountedStream(std::shared_ptr<std::uint64_t> count, std::unique_ptr<Stream> stream)
        : stream_(*stream), counted_(std::move(count), std::move(stream)) {}

    void send(std::string_view bytes, bool is_last) override { stream_.send(bytes, is_last); }
    std::size_t unsent() const noexcept override { return stream_.unsent(); }
    void give_up(wasm::GrpcEnd why) override { stream_.give_up(std::move(why)); }
    void go_on() override { stream_.go_on(); }

   private:
    Stream& stream_;
    CountedCall counted_;
  };

  wasm::HttpClient& client_;
  std::shared_ptr<std::uint64_t> count_ = std::make_shared<std::uint64_t>(0);
};

// Where compiled code is kept for the next run: in the user's folder for such things, if there is one.
std::shared_ptr<wasm::CodeCache> open_code_cache() {
  constexpr std::uint64_t kMostBytes = 512u << 20;
  const char* folder = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path path = folder && *folder ? folder : home && *home ? std::string(home) + "/.cache" : "";
  if (path.empty()) return nullptr;
  auto cache = wasm::CodeCache::open(path / "sallyport" / "wasm-code", kMostBytes);
  return cache ? std::move(*cache) : nullptr;
}

json::Value upstream_of(const std::string& node, std::string name = "") {
  json::Object upstream{{"type", "roundrobin"}, {"nodes", json::Object{{node, 1}}}};
  if (!name.empty()) upstream.append("name", std::move(name));
  return upstream;
}

}  // namespace

// What lives as long as the trial, in the order in which it depends on each other; as in a worker of the gateway.
struct PluginTrial::Parts {
  Parts(const WasmRunOptions& its_options, std::shared_ptr<TraceRecord> its_trace)
      : options(its_options), trace(std::move(its_trace)) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts();

  Status open();
  Status open_upstreams();
  Status open_runtime();

  async::Task<void> run();
  async::Task<void> run_steps();
  async::Task<Status> put(std::string kind, std::string id, std::optional<json::Value> value);
  async::Task<Status> configure();
  async::Task<void> exchange();
  async::Task<Status> ask(WholeMessage& response);
  async::Task<Status> send_body(wire::ClientConnection& connection, Arena& arena);
  async::Task<void> take_down();
  async::Task<void> turn();

  const WasmRunOptions& options;
  std::shared_ptr<TraceRecord> trace;
  TrialOutcome outcome;

  SystemClock clock;
  async::EpollReactor reactor;
  TickTimers timers{reactor};
  std::unique_ptr<LoopbackUpstream> upstream;
  std::vector<std::unique_ptr<LoopbackUpstream>> called;  // for HTTP calls with an answer that was given

  std::shared_ptr<wasm::Runtime> runtime;
  chain::Catalog catalog;
  std::optional<snapshot::SnapshotBuilder> builder;
  std::unique_ptr<snapshot::Snapshots> snapshots;
  std::unique_ptr<async::Resolver> resolver;
  std::optional<upstream::Balancer> balancer;
  upstream::ConnectionPool pool{reactor};
  std::optional<upstream::Caller> caller;
  std::optional<PluginHttpClient> http_client;
  std::optional<CannedGrpc> canned_client;
  std::optional<CountedHttpClient> counted_client;
  telemetry::WorkerMetrics metrics;
  proxy::ExchangeLog log{metrics};
  proxy::Options proxy_options;
  std::optional<proxy::Proxy> proxy;
  std::unique_ptr<async::Listener> listener;
  async::TaskGroup tasks;
};

PluginTrial::Parts::~Parts() {
  tasks.cancel_all();
  listener.reset();
  if (proxy) proxy->stop();
  if (http_client) http_client->stop();
  if (snapshots) snapshots->leave(0);
}

Status PluginTrial::Parts::open() {
  TRY_STATUS(open_upstreams());
  TRY(resolver, async::open_resolver(reactor, {}));
  balancer.emplace(reactor, *resolver, upstream::BalancerOptions{});
  caller.emplace(reactor, *balancer, pool, clock);
  TRY_STATUS(open_runtime());
  builder.emplace(catalog, snapshot::BuilderOptions{});
  snapshots = std::make_unique<snapshot::Snapshots>(reactor, std::vector<async::Reactor*>{&reactor}, builder->latest());
  http_client.emplace(0, reactor, *snapshots, *caller, upstream::ForbiddenAddresses{});
  canned_client.emplace(reactor, options.services, *http_client);
  counted_client.emplace(*canned_client);
  proxy.emplace(proxy::Surroundings{0, reactor, *snapshots, *balancer, pool, log, proxy_options});
  TRY(auto anywhere, async::Address::from_ip("127.0.0.1", 0));
  TRY(listener, reactor.listen(anywhere, async::SharePort::kNo,
                               [this](async::Accepted accepted) { proxy->accept(std::move(accepted)); }));
  return {};
}

Status PluginTrial::Parts::open_upstreams() {
  TRY(upstream, LoopbackUpstream::open(reactor, options.response));
  for (const CalledUpstream& wanted : options.called) {
    TRY(called.emplace_back(), LoopbackUpstream::open(reactor, wanted.answer));
  }
  return {};
}

// Without a thread for control everything is done at once, here.
Status PluginTrial::Parts::open_runtime() {
  wasm::Threads threads;
  threads.workers = {reactor.poster()};
  threads.timers.emplace_back(
      [this](Milliseconds delay, std::function<void()> fire) { return timers.start(delay, std::move(fire)); });
  threads.http_clients.emplace_back([this] { return &*counted_client; });
  wasm::Runtime::WrapEngine traced = [this](std::shared_ptr<wasm::Engine> engine) {
    return wasm::with_trace(std::move(engine), trace);
  };
  TRY(runtime, wasm::Runtime::start(std::move(threads), clock, options.engine, open_code_cache(), traced));
  wasm::WasmSettings settings;
  settings.plugins.push_back(options.plugin);
  Status added = wasm::add_wasm_plugins(catalog, settings, runtime);
  if (added) return {};
  const std::string in_boot_file = "wasm.plugins: " + options.plugin.name + ": ";
  if (added.error().what.starts_with(in_boot_file)) added.error().what.erase(0, in_boot_file.size());
  return added;
}

async::Task<void> PluginTrial::Parts::run() {
  co_await run_steps();
  reactor.post([this] { reactor.stop(); });
}

async::Task<void> PluginTrial::Parts::run_steps() {
  Status configured = co_await configure();
  trace->begin();
  if (!configured) {
    outcome.refusal = configured.error().what;
    co_return;
  }
  for (std::uint64_t i = 0; i < options.ticks; ++i) {
    if (timers.empty()) break;
    trace->stage("tick");
    timers.fire_all();
    co_await turn();
  }
  for (std::uint64_t i = 0; i < options.repeat; ++i) co_await exchange();
  const SteadyTime latest = reactor.now() + kCallsAtEnd;
  while (counted_client->under_way() > 0 && reactor.now() < latest) co_await reactor.sleep(kPoll);
  outcome.unanswered_calls = counted_client->under_way();
  co_await take_down();
}

async::Task<void> PluginTrial::Parts::turn() {
  async::Event turned;
  reactor.post([&turned] { turned.set(); });
  co_await turned;
}

async::Task<Status> PluginTrial::Parts::put(std::string kind, std::string id, std::optional<json::Value> value) {
  snapshot::Item item{std::move(kind), std::move(id), std::move(value)};
  CO_TRY(auto change, co_await builder->prepare(std::move(item)));
  CO_TRY(auto next, builder->commit(std::move(change)));
  co_await snapshots->publish(std::move(next));
  co_return Status{};
}

async::Task<Status> PluginTrial::Parts::configure() {
  for (std::size_t i = 0; i < options.called.size(); ++i) {
    const CalledUpstream& wanted = options.called[i];
    json::Value resource = upstream_of(wanted.node.empty() ? called[i]->address() : wanted.node, wanted.name);
    resource.object()["id"] = std::to_string(i + 1);
    CO_TRY_STATUS(co_await put("upstreams", std::to_string(i + 1), std::move(resource)));
  }
  for (const CalledService& wanted : options.services) {
    if (wanted.node.empty()) continue;
    json::Value resource = upstream_of(wanted.node, wanted.name);
    resource.object()["scheme"] = "grpc";
    const std::string id = "grpc-" + wanted.name;
    resource.object()["id"] = id;
    CO_TRY_STATUS(co_await put("upstreams", id, std::move(resource)));
  }
  trace->stage("start");
  json::Object plugins;
  plugins[options.plugin.name] = json::Object{{"conf", options.conf}};
  json::Object route{{"id", "1"}, {"uri", "/*"}, {"plugins", std::move(plugins)}};
  route.append("upstream", upstream_of(upstream->address()));
  co_return co_await put("routes", "1", std::move(route));
}

async::Task<void> PluginTrial::Parts::exchange() {
  trace->stage("request");
  upstream->forget_requests();
  outcome.upstream.reset();
  outcome.response.reset();
  WholeMessage response;
  Status answered = co_await ask(response);
  while (proxy->connections() > 0) co_await turn();
  if (!upstream->requests().empty()) outcome.upstream = upstream->requests().back();
  if (answered) outcome.response = std::move(response);
  if (!answered) outcome.no_response = answered.error().what;
}

// The client.
async::Task<Status> PluginTrial::Parts::ask(WholeMessage& response) {
  const http::CallRequest& request = options.request;
  CO_TRY(auto stream, co_await reactor.connect(listener->local_address(), kConnect));
  wire::ClientConnection connection(std::move(stream));
  Arena arena;
  http::Headers headers(arena);
  for (const auto& [name, value] : request.headers) headers.add(name, value);
  auto query = request.target.find('?');
  wire::RequestLine line;
  line.method = request.method;
  line.path = std::string_view(request.target).substr(0, query);
  line.has_query = query != std::string::npos;
  if (line.has_query) line.query = std::string_view(request.target).substr(query + 1);
  line.host = request.authority;
  const bool is_chunked = !options.body_pieces.empty() || !request.trailers.empty();
  auto length = is_chunked             ? http::BodyLength::chunked()
                : request.body.empty() ? http::BodyLength::none()
                                       : http::BodyLength::sized(request.body.size());
  wire::ClientTimeouts timeouts;
  timeouts.read = options.plugin.settings.policy.limits.longest_pause * 2 + kConnect;
  CO_TRY_STATUS(connection.begin_request(line, headers, length, timeouts));
  CO_TRY_STATUS(co_await send_body(connection, arena));
  http::ResponseHead head(arena);
  do {
    CO_TRY_STATUS(co_await connection.read_head(head));
  } while (head.status < 200);
  response = whole(head);
  for (bool is_last = http::has_no_body(request.method, head.status) || head.body.is_empty(); !is_last;) {
    CO_TRY(auto piece, co_await connection.read_body());
    add_piece(response, piece);
    is_last = piece.is_last;
  }
  co_return Status{};
}

// A piece is on its way to the plugin before the next follows.
async::Task<Status> PluginTrial::Parts::send_body(wire::ClientConnection& connection, Arena& arena) {
  for (const std::string& bytes : options.body_pieces) {
    const http::Chunk piece{bytes, false};
    if (!bytes.empty()) CO_TRY_STATUS(co_await connection.write(piece, wire::BodyWriter::Flush::kNow));
    for (int i = 0; i < kTurnsBetweenPieces; ++i) co_await turn();
  }
  http::Headers trailers(arena);
  for (const auto& [name, value] : options.request.trailers) trailers.add(name, value);
  const std::string_view rest = options.body_pieces.empty() ? options.request.body : std::string_view();
  const http::Chunk last{rest, true, trailers.empty() ? nullptr : &trailers};
  co_return co_await connection.write(last, wire::BodyWriter::Flush::kNow);
}

// Its root context ends with the last Snapshot that has it.
async::Task<void> PluginTrial::Parts::take_down() {
  trace->stage("end");
  std::weak_ptr<const snapshot::Snapshot> with_plugin = builder->latest();
  co_await put("routes", "1", std::nullopt);
  for (int i = 0; i < kTurnsToEnd && !with_plugin.expired(); ++i) co_await turn();
  co_await turn();
  co_await turn();
}

PluginTrial::PluginTrial(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PluginTrial::~PluginTrial() = default;

Result<std::unique_ptr<PluginTrial>> PluginTrial::open(const WasmRunOptions& options,
                                                       std::shared_ptr<TraceRecord> trace) {
  auto parts = std::make_unique<Parts>(options, std::move(trace));
  TRY_STATUS(parts->open());
  return std::unique_ptr<PluginTrial>(new PluginTrial(std::move(parts)));
}

TrialOutcome PluginTrial::run() {
  parts_->tasks.spawn(parts_->run());
  parts_->reactor.run();
  return std::move(parts_->outcome);
}

}  // namespace sallyport::app
