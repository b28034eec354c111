#pragma once
// The running gateway: stores, snapshots, workers and the gateway's own endpoints, wired together.
// Made, run and ended by the main thread, which is the control thread.

#include "admin/admin_api.h"
#include "admin/control_api.h"
#include "admin/live_plugins.h"
#include "admin/services.h"
#include "app/endpoints.h"
#include "app/health_checks.h"
#include "app/listening_sockets.h"
#include "app/overload.h"
#include "app/plugin_sources.h"
#include "app/predecessor.h"
#include "app/settings.h"
#include "app/signals.h"
#include "app/source_cache.h"
#include "app/status_port.h"
#include "app/successor.h"
#include "app/worker.h"
#include "async/epoll_reactor.h"
#include "async/event.h"
#include "async/mutex.h"
#include "async/task_group.h"
#include "chain/catalog.h"
#include "plugins/wasm/runtime.h"
#include "snapshot/snapshot_builder.h"
#include "store/blob_folder.h"
#include "store/store.h"
#include "store/yaml_store.h"
#include "telemetry/log_file.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::snapshot {
class Snapshots;
}

namespace sallyport::app {

using async::Task;

// `origins`: where a person finds each item, by its key; items of the Admin API have no such place.
void report_rejected(const std::vector<snapshot::Rejected>& rejected, const std::map<store::Key, std::string>& origins);

class Gateway final {
 public:
  // `source` is read again on HUP. `signals` are handled while it runs. `program` is what follows on USR2.
  // `predecessor`: the gateway that this one follows, or null.
  Gateway(Settings settings, SettingsSource source, Signals& signals, Program program,
          std::unique_ptr<Predecessor> predecessor);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  // Serves until it is told to end; the exit code of the process.
  int run();

 private:
  // Sockets of the proxy, all of one address, before they are listened on.
  struct Bound {
    std::vector<int> sockets;
    Protocol protocol;
  };

  // The start, step by step; the first that fails ends the process with its message.
  Task<void> start();
  Task<Status> try_to_start();
  Status make_workers();
  Status load_plugins();
  Status open_store();
  Task<void> load_live_plugins(chain::Catalog& catalog, const Settings& settings);
  Status start_workers();
  Status open_endpoints();
  Task<Status> ask_predecessor(std::string request);
  void watch_load();
  Task<Status> load_resources(snapshot::Reuse reuse);

  Task<void> take_over(std::vector<store::Change> changes);
  Task<void> put_into_force(snapshot::SnapshotBuilder::Change change);
  Task<void> publish(snapshot::SnapshotPtr snapshot);

  // Listeners (app/gateway_listeners.cpp).
  Task<void> wait_while(bool (*is_taken)(const async::Address&), async::Address address);
  Task<Status> open_status_port();
  Task<Status> wait_for_abandoned_listeners();
  Status bind_all();
  Status bind(const std::vector<Listen>& wanted, Speaks speaks);
  Status listen();
  Result<async::Address> listen_on(const Bound& bound);
  Task<void> begin_to_serve();

  // Declared plugins that are fetched (app/gateway_sources.cpp).
  void watch_declared_sources(const Settings& former);
  Task<Status> take_fetched(std::string name, source::Spec spec, source::Fetched fetched);

  // References to secrets (app/gateway_secrets.cpp).
  void offer_secrets();
  Task<void> know_secrets(std::vector<std::string> references);
  Task<void> know_secrets_of(const std::vector<snapshot::Item>& items);
  Task<Status> use_secret_managers();
  Task<void> keep_secrets_fresh();
  Task<void> refresh_secrets();

  // Signals (app/gateway_signals.cpp).
  void on_signal(int signal);
  Task<void> read_settings_again();
  Task<Status> reload_plugins();
  Task<Status> use_plugins_of(const Settings& next);
  Status use_log_settings(const LogSettings& logs);
  void reopen_logs();
  void drain();
  void close_connections();
  void wait_for_connections();
  void end(int exit_code);

  // Another gateway follows this one (app/gateway_upgrade.cpp).
  Task<void> upgrade();
  Task<Status> let_follow();
  void leave();

  Settings settings_;
  SettingsSource source_;
  Signals& signals_;
  SystemClock clock_;
  Program program_;
  std::unique_ptr<Predecessor> predecessor_;  // null: there is none, or no more
  ListeningSockets sockets_;
  std::vector<Bound> bound_;
  async::EpollReactor control_;
  std::unique_ptr<telemetry::LogFile> error_log_;
  std::vector<std::unique_ptr<telemetry::LogFile>> former_error_logs_;  // another thread may be in the middle of a line
  AccessLog access_log_;

  std::unique_ptr<tls::ClientContext> client_tls_;
  std::unique_ptr<tls::ServerContext> tls_;  // null: no listener wants it
  HealthChecks health_;
  std::uint64_t descriptors_ = 0;  // that the process may have
  std::optional<proxy::ClientConnections> connections_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<Overload> overload_;
  std::shared_ptr<wasm::Runtime> wasm_runtime_;
  chain::Catalog catalog_;
  std::unique_ptr<store::Store> store_;
  std::optional<store::BlobFolder> blobs_;  // of the embedded store
  store::YamlStore* yaml_store_ = nullptr;  // `store_`, when it is one
  std::unique_ptr<async::Timer> yaml_poll_;
  std::unique_ptr<async::Timer> ends_poll_;
  std::optional<snapshot::SnapshotBuilder> builder_;
  std::unique_ptr<snapshot::Snapshots> snapshots_;
  async::Mutex changes_;  // held by whoever changes resources

  admin::Services services_;
  std::optional<PluginSources> sources_;
  std::optional<SourceCache> source_cache_;
  async::Event secrets_changed_;
  std::map<std::string, std::string> fetched_;  // hashes of declared plugins that were fetched, by their names
  std::optional<admin::LivePlugins> live_plugins_;
  std::optional<admin::AdminApi> admin_api_;
  std::optional<admin::ControlApi> control_api_;
  std::optional<Endpoints> endpoints_;
  std::string status_address_;
  StatusPort status_;
  bool ready_ = false;
  bool draining_ = false;
  int exit_code_ = 0;
  std::size_t accepting_workers_ = 0;     // while it drains
  std::unique_ptr<Successor> successor_;  // while one starts, and when it serves
  std::unique_ptr<async::Timer> drain_deadline_;
  std::unique_ptr<async::Timer> drain_poll_;
  async::TaskGroup tasks_;
};

}  // namespace sallyport::app
