// What the gateway does when it is told something from outside: end, read the settings again, reopen logs.

#include "app/gateway.h"
#include "app/gateway_options.h"
#include "telemetry/error_log.h"

#include <csignal>
#include <utility>

namespace sallyport::app {

namespace {

constexpr Milliseconds kDrainPoll{50};

Result<std::shared_ptr<const telemetry::AccessLogFormat>> access_log_format(const LogSettings& logs) {
  if (logs.access_log_format.empty()) {
    return std::shared_ptr<const telemetry::AccessLogFormat>(&telemetry::AccessLogFormat::standard(), [](auto*) {});
  }
  if (logs.access_log_format == "json") {
    return std::shared_ptr<const telemetry::AccessLogFormat>(&telemetry::AccessLogFormat::json(), [](auto*) {});
  }
  TRY(auto format, telemetry::AccessLogFormat::compile(logs.access_log_format, logs.access_log_escape));
  return std::make_shared<const telemetry::AccessLogFormat>(std::move(format));
}

}  // namespace

void Gateway::on_signal(int signal) {
  bool ends = signal == SIGTERM || signal == SIGINT;
  if (signal == SIGUSR2) return tasks_.spawn(upgrade());
  if (!ready_ && !ends) return;  // the start reads what the signal asks for
  switch (signal) {
    case SIGTERM:
    case SIGINT:
      return draining_ ? end(exit_code_) : drain();
    case SIGHUP:
      return tasks_.spawn(read_settings_again());
    case SIGUSR1:
      return reopen_logs();
    default:
      return;
  }
}

Status Gateway::use_log_settings(const LogSettings& logs) {
  TRY(auto error_log, telemetry::LogFile::open(logs.error_log));
  AccessLog access;
  if (logs.access_log_enabled) {
    TRY(auto format, access_log_format(logs));
    TRY(auto file, telemetry::LogFile::open(logs.access_log));
    access = {std::move(format), std::move(file)};
  }
  telemetry::install_error_log(error_log.get());
  if (error_log_) former_error_logs_.push_back(std::move(error_log_));
  error_log_ = std::move(error_log);
  log::set_level(logs.error_log_level);
  access_log_ = std::move(access);
  for (auto& worker : workers_) worker->set_access_log(access_log_);
  return {};
}

void Gateway::reopen_logs() {
  if (error_log_) error_log_->reopen();
  if (access_log_.file) access_log_.file->reopen();
}

// A file that cannot be used changes nothing.
Task<void> Gateway::read_settings_again() {
  auto next = load_settings(source_);
  if (!next) {
    log::error("the settings stay as they are: {}", next.error().what);
    co_return;
  }
  for (const std::string& warning : next->warnings) log::warn("{}", warning);
  for (const std::string& key : changes_that_need_a_restart(settings_, *next)) {
    log::warn("{}: this change takes effect with a restart", key);
  }
  if (next->logs != settings_.logs) {
    if (auto used = use_log_settings(next->logs); used) {
      settings_.logs = next->logs;
    } else {
      log::error("the logs stay as they are: {}", used.error().what);
    }
  }
  {
    auto lock = co_await changes_.lock();
    if (draining_) co_return;
    if (auto used = co_await use_plugins_of(*next); !used)
      log::error("the plugins stay as they are: {}", used.error().what);
  }
  settings_.drain_timeout = next->drain_timeout;
  settings_.upgrade_timeout = next->upgrade_timeout;
  settings_.secrets = next->secrets;
  sources_->secrets().set_times(settings_.secrets);
  settings_.admin.keys = next->admin.keys;
  settings_.admin.key_required = next->admin.key_required;
  settings_.admin.allow_from = next->admin.allow_from;
  settings_.admin.cors = next->admin.cors;
  if (auto api = api_settings(settings_); api) {
    admin_api_->change_settings(std::move(*api));
  } else {
    log::error("{}", api.error().what);
  }
  if (yaml_store_) {
    if (auto read = yaml_store_->read_again(); !read) log::error("{}", read.error().what);
  }
  log::warn("settings were read again from {}", settings_.file);
}

// For the Admin API, which holds `changes_`.
Task<Status> Gateway::reload_plugins() {
  CO_TRY(Settings next, load_settings(source_));
  co_return co_await use_plugins_of(next);
}

// Loads every declared plugin again, then makes every plugin of every resource anew. Whoever calls it holds `changes_`.
// Error: kInvalid; then everything is as it was.
Task<Status> Gateway::use_plugins_of(const Settings& next) {
  chain::Catalog catalog;
  CO_TRY_STATUS(fill_catalog(catalog, next, wasm_runtime_, &*source_cache_));
  co_await load_live_plugins(catalog, next);
  std::swap(catalog_, catalog);
  const Settings former = settings_;
  settings_.wasm = without_restart(settings_.wasm, next.wasm);
  settings_.plugins = next.plugins;
  sources_->set_most_bytes(settings_.wasm.uploads.max_bytes);
  watch_declared_sources(former);
  CO_TRY_STATUS(co_await load_resources(snapshot::Reuse::kNothing));
  co_return Status{};
}

void Gateway::drain() {
  draining_ = true;
  if (successor_) successor_->give_up();
  log::warn("draining: no new connections, {} ms for what is under way; a second signal ends at once",
            settings_.drain_timeout.count());
  if (workers_.empty() || !ready_) return end(0);
  status_.tell(Readiness::kDraining);
  close_connections();
  wait_for_connections();
}

void Gateway::close_connections() {
  draining_ = true;
  endpoints_->drain();
  accepting_workers_ = workers_.size();
  for (auto& worker : workers_) {
    worker->drain(control_, [this] { --accepting_workers_; });
  }
  drain_deadline_ = control_.start_timer(settings_.drain_timeout, async::Reactor::Repeat::kOnce, [this] {
    log::warn("the time to drain is over: ending with open connections");
    end(0);
  });
}

void Gateway::wait_for_connections() {
  if (accepting_workers_ + connections_->connections() + endpoints_->busy() == 0) return end(0);
  drain_poll_ = control_.start_timer(kDrainPoll, async::Reactor::Repeat::kOnce, [this] { wait_for_connections(); });
}

void Gateway::end(int exit_code) {
  exit_code_ = exit_code;
  control_.stop();
}

}  // namespace sallyport::app
