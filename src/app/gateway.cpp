#include "app/gateway.h"

#include "app/descriptor_limit.h"
#include "app/gateway_options.h"
#include "app/pid_file.h"
#include "async/open_reactor.h"
#include "plugins/wasm/live_modules.h"
#include "plugins/wasm/state_exposition.h"
#include "resources/kinds.h"
#include "snapshot/snapshot.h"
#include "snapshot/snapshots.h"
#include "store/embedded_store.h"
#include "telemetry/error_log.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

namespace sallyport::app {

namespace {

constexpr Milliseconds kYamlPoll{500};

std::vector<snapshot::Item> as_items(const std::vector<store::EntryPtr>& entries) {
  std::vector<snapshot::Item> items;
  items.reserve(entries.size());
  for (const auto& entry : entries) items.push_back({entry->key.kind, entry->key.id, entry->value});
  return items;
}

std::vector<telemetry::NodeStatus> node_statuses(const upstream::HealthBook& book) {
  std::vector<telemetry::NodeStatus> all;
  for (const upstream::ClusterHealth& cluster : book.clusters()) {
    for (const upstream::NodeHealthPtr& node : cluster.nodes) {
      const bool is_usable = node->state() <= upstream::HealthState::kMostlyHealthy;
      all.push_back({"/apisix/" + cluster.key, node->ip(), node->port(), is_usable});
    }
  }
  return all;
}

// One of each certificate and responder: how the answers are verified is no label.
std::vector<telemetry::StapleStatus> staple_statuses(const source::StapleKeeper& keeper, WallTime now) {
  auto seconds = [](WallTime::duration time) { return std::chrono::duration<double>(time).count(); };
  std::map<std::pair<std::string, std::string>, telemetry::StapleStatus> all;
  for (source::StapleState& state : keeper.describe()) {
    telemetry::StapleStatus status{state.certificate, state.fingerprint, state.responder, {}, 0, state.failures};
    if (state.taken) status.age = seconds(now - *state.taken);
    if (state.taken) status.left = seconds(state.until - now);
    all.emplace(std::pair(state.fingerprint, state.responder), std::move(status));
  }
  std::vector<telemetry::StapleStatus> statuses;
  statuses.reserve(all.size());
  for (auto& [key, status] : all) statuses.push_back(std::move(status));
  return statuses;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

void report_rejected(const std::vector<snapshot::Rejected>& rejected,
                     const std::map<store::Key, std::string>& origins) {
  for (const auto& item : rejected) {
    auto origin = origins.find({item.kind, item.id});
    std::string where = origin == origins.end() || origin->second.empty() ? "" : origin->second + ": ";
    log::error("{}{}/{}: {}; its last good form, if any, keeps serving", where, item.kind, item.id, item.error.what);
  }
}

Gateway::Gateway(Settings settings, SettingsSource source, Signals& signals, Program program,
                 std::unique_ptr<Predecessor> predecessor)
    : settings_(std::move(settings)),
      source_(std::move(source)),
      signals_(signals),
      program_(std::move(program)),
      predecessor_(std::move(predecessor)),
      sockets_(predecessor_ ? predecessor_->take_sockets() : SocketList()) {}

// Workers end before what they use; plugins end after the workers whose machines they hold.
Gateway::~Gateway() {
  for (auto& worker : workers_) worker->stop();
  health_.stop();
  tasks_.cancel_all();
  endpoints_.reset();
  sources_.reset();
  if (!settings_.pid_file.empty()) remove_pid_file(settings_.pid_file);
  telemetry::install_error_log(nullptr);
}

int Gateway::run() {
  signals_.deliver_to(control_, [this](int signal) { on_signal(signal); });
  tasks_.spawn(start());
  if (exit_code_ == 0) control_.run();
  signals_.stop_delivering();
  return exit_code_;
}

Task<void> Gateway::start() {
  Status started;
  try {
    started = co_await try_to_start();
  } catch (const std::exception& thrown) {
    started = fail(ErrorCode::kInternal, fmt::format("the start failed: {}", thrown.what()));
  }
  if (started) co_return;
  std::fprintf(stderr, "sallyport: %s\n", started.error().what.c_str());
  log::error("{}", started.error().what);
  if (predecessor_) predecessor_->tell_failure(started.error().what);
  end(1);
}

Task<Status> Gateway::try_to_start() {
  CO_TRY_STATUS(use_log_settings(settings_.logs));
  for (const std::string& warning : settings_.warnings) log::warn("{}", warning);
  descriptors_ = set_descriptor_limit(settings_.descriptors);
  CO_TRY_STATUS(co_await open_status_port());
  CO_TRY_STATUS(make_workers());
  CO_TRY_STATUS(load_plugins());
  CO_TRY_STATUS(co_await ask_predecessor(kReadStore));
  CO_TRY_STATUS(open_store());
  co_await load_live_plugins(catalog_, settings_);
  co_await live_plugins_->forget_unused();
  CO_TRY_STATUS(open_endpoints());
  CO_TRY_STATUS(start_workers());
  CO_TRY_STATUS(sources_->open(settings_, forbidden_addresses(settings_, endpoints_->guarded_addresses())));
  auto lock = co_await changes_.lock();  // until it serves, so that a predecessor may take back what it handed over
  CO_TRY_STATUS(co_await load_resources(snapshot::Reuse::kSameConf));
  watch_declared_sources(settings_);
  sources_->start();
  tasks_.spawn(keep_secrets_fresh());
  CO_TRY_STATUS(co_await wait_for_abandoned_listeners());
  CO_TRY_STATUS(bind_all());
  CO_TRY_STATUS(co_await ask_predecessor(kServe));
  CO_TRY_STATUS(listen());
  co_await begin_to_serve();
  co_return Status{};
}

Task<Status> Gateway::ask_predecessor(std::string request) {
  if (!predecessor_) co_return Status();
  co_return co_await predecessor_->ask(control_, std::move(request), settings_.upgrade_timeout);
}

Status Gateway::make_workers() {
  TRY(auto kind, async::choose_reactor(source_.reactor));
  std::size_t count = settings_.workers != 0 ? settings_.workers : std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t number = 0; number < count; ++number) {
    TRY(auto reactor, async::open_reactor(kind, settings_.read_buffer_size));
    workers_.push_back(std::make_unique<Worker>(number, std::move(reactor)));
  }
  return {};
}

Status Gateway::load_plugins() {
  wasm::Threads threads{control_.poster(), {}, {}};
  for (auto& worker : workers_) {
    threads.workers.push_back(worker->reactor().poster());
    threads.timers.push_back(wasm::timers_of(worker->reactor()));
    threads.http_clients.emplace_back([&worker] { return &worker->http_client(); });
  }
  auto runtime = wasm::Runtime::start(std::move(threads), clock_, settings_.wasm.engine, open_code_cache(settings_), {},
                                      settings_.wasm.first_tier);
  if (!runtime) return without_engine(settings_.wasm, std::move(runtime).error());
  wasm_runtime_ = *std::move(runtime);
  source_cache_.emplace(settings_.wasm.sources.folder);
  return fill_catalog(catalog_, settings_, wasm_runtime_, &*source_cache_);
}

Status Gateway::open_store() {
  if (settings_.store.kind == StoreKind::kEmbedded) {
    TRY(store_, store::EmbeddedStore::open(settings_.store.embedded_path));
    blobs_.emplace(blob_folder(settings_.store));
    return {};
  }
  auto check = [this](const store::Key& key, const json::Value& value) { return check_item(catalog_, key, value); };
  TRY(auto yaml, store::YamlStore::open(settings_.store.yaml_path, check));
  for (const std::string& problem : yaml->problems()) log::error("{}", problem);
  for (const std::string& warning : yaml->warnings()) log::warn("{}", warning);
  yaml_store_ = yaml.get();
  store_ = std::move(yaml);
  store_->on_change([this](std::vector<store::Change> changes) { tasks_.spawn(take_over(std::move(changes))); });
  yaml_poll_ = control_.start_timer(kYamlPoll, async::Reactor::Repeat::kEvery, [this] { yaml_store_->poll(); });
  return {};
}

// Of those that were put through the Admin API. What is wrong with one harms no other, and no start.
Task<void> Gateway::load_live_plugins(chain::Catalog& catalog, const Settings& settings) {
  services_.store = store_.get();
  if (!sources_) sources_.emplace(control_, clock_, settings_.wasm.uploads.max_bytes);
  services_.watcher = &sources_->watcher();
  services_.staples = &sources_->staples();
  if (!live_plugins_) live_plugins_.emplace(services_, blobs_ ? &*blobs_ : nullptr);
  live_plugins_->use(std::make_shared<wasm::LiveModules>(wasm_runtime_, wasm_settings(settings)),
                     live_settings(settings));
  for (const std::string& problem : co_await live_plugins_->load(catalog)) log::error("{}", problem);
}

Status Gateway::start_workers() {
  auto forbidden = forbidden_addresses(settings_, endpoints_->guarded_addresses());
  TRY(auto options, worker_options(settings_, forbidden));
  TRY(tls_, tls_context(settings_));
  TRY(client_tls_, tls_client_context(settings_));
  options.tls = tls_.get();
  options.client_tls = client_tls_.get();
  if (settings_.health_checks) {
    TRY_STATUS(health_.start(options.resolver, prober_options(options)));
    options.balancer.health = &health_.book();
  }
  const ClientLimits& most = settings_.limits;
  const proxy::ClientConnections::Most limits{most.connections, most.connections_per_address,
                                              descriptors_for_clients(descriptors_)};
  connections_.emplace(limits, workers_.size());
  options.connections = &*connections_;
  options.workers = workers_;
  std::vector<async::Reactor*> reactors;
  reactors.reserve(workers_.size());
  for (auto& worker : workers_) reactors.push_back(&worker->reactor());
  auto building = builder_options(settings_, forbidden);
  building.secrets = services_.secrets;
  builder_.emplace(catalog_, std::move(building));
  services_.builder = &*builder_;
  snapshots_ = std::make_unique<snapshot::Snapshots>(control_, reactors, builder_->latest());
  for (auto& worker : workers_) {
    TRY_STATUS(worker->start(*snapshots_, options));
    worker->set_access_log(access_log_);
  }
  return {};
}

void Gateway::watch_load() {
  auto count_busy = [this] {
    std::uint64_t busy = 0;
    for (const auto& worker : workers_) busy += worker->metrics().connections_in(telemetry::ConnectionState::kWriting);
    return busy;
  };
  overload_.emplace(control_, settings_.overload, count_busy, [this](proxy::Load load) {
    for (auto& worker : workers_) worker->set_load(load);
  });
}

// What they are asked before the resources are there waits, or is answered without them: until `start_workers` the loop
// does not turn.
Status Gateway::open_endpoints() {
  TRY(auto api, api_settings(settings_));
  services_.live = &*live_plugins_;
  services_.catalog = &catalog_;
  services_.clock = &clock_;
  services_.changes = &changes_;
  services_.publish = [this](snapshot::SnapshotPtr snapshot) { return publish(std::move(snapshot)); };
  services_.reload_plugins = [this] { return reload_plugins(); };
  services_.fetch = [this](source::Spec spec, std::size_t most) { return sources_->fetch(std::move(spec), most); };
  offer_secrets();
  admin_api_.emplace(services_, std::move(api));
  EndpointSources sources;
  sources.metrics = [this] {
    std::vector<const telemetry::WorkerMetrics*> metrics;
    metrics.reserve(workers_.size());
    for (const auto& worker : workers_) metrics.push_back(&worker->metrics());
    return metrics;
  };
  sources.facts = [this] {
    std::uint64_t dropped = access_log_.file ? access_log_.file->dropped_lines() : 0;
    telemetry::ProcessFacts facts{host_name(), SALLYPORT_VERSION, snapshots_->latest()->revision(), dropped,
                                  node_statuses(health_.book())};
    facts.staples = staple_statuses(sources_->staples(), clock_.wall());
    if (overload_) overload_->tell_about(facts);
    return facts;
  };
  sources.plugin_metrics = [this] { return wasm::expose(wasm_runtime_->state()); };
  control_api_.emplace(services_, health_.book());
  endpoints_.emplace(control_, std::move(sources), *admin_api_, *control_api_);
  TRY_STATUS(endpoints_->listen(settings_, sockets_));
  endpoints_->set_accepting(!predecessor_);
  return {};
}

// Whoever calls it holds `changes_`.
Task<Status> Gateway::load_resources(snapshot::Reuse reuse) {
  auto entries = co_await store_->list_all();
  if (!entries) co_return fail(std::move(entries).error());
  std::map<store::Key, std::string> origins;
  for (const auto& entry : *entries) origins[entry->key] = entry->origin;
  std::vector<snapshot::Item> items = as_items(*entries);
  co_await know_secrets_of(items);
  auto change = co_await builder_->prepare_all(std::move(items), reuse);
  report_rejected(change.rejected(), origins);
  co_await put_into_force(std::move(change));
  co_return Status{};
}

// What somebody else changed in the store.
Task<void> Gateway::take_over(std::vector<store::Change> changes) {
  auto lock = co_await changes_.lock();
  std::vector<snapshot::Item> items;
  std::map<store::Key, std::string> origins;
  for (const auto& change : changes) {
    items.push_back({change.key.kind, change.key.id, std::nullopt});
    if (!change.entry) continue;
    items.back().value = change.entry->value;
    origins[change.key] = change.entry->origin;
  }
  co_await know_secrets_of(items);
  auto prepared = co_await builder_->prepare_all(std::move(items));
  report_rejected(prepared.rejected(), origins);
  co_await put_into_force(std::move(prepared));
  // What refers to a manager that changed alone has not changed.
  const std::string_view managers = resources::info(resources::Kind::kSecret).folder;
  if (std::ranges::any_of(changes, [&](const auto& change) { return change.key.kind == managers; })) {
    secrets_changed_.set();
  }
}

Task<void> Gateway::put_into_force(snapshot::SnapshotBuilder::Change change) {
  auto next = builder_->commit(std::move(change));
  if (!next) co_return log::error("{}", next.error().what);
  co_await publish(std::move(*next));
}

Task<void> Gateway::publish(snapshot::SnapshotPtr snapshot) {
  health_.follow(*snapshot);
  if (snapshot->server_names()) sources_->staples().follow(snapshot->server_names());
  return snapshots_->publish(std::move(snapshot));
}

}  // namespace sallyport::app
