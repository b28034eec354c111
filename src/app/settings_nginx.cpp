#include "app/settings_parts.h"
#include "base/setting_text.h"
#include "exchange/variable.h"

#include <fmt/core.h>

namespace sallyport::app {
namespace {

constexpr std::int64_t kMostWorkers = 1024;

void read_workers(Section& nginx, std::size_t& workers) {
  const Setting setting = nginx.at("worker_processes");
  if (setting.value && *setting.value == json::Value("auto")) return;
  std::int64_t number = static_cast<std::int64_t>(workers);
  nginx.read_number("worker_processes", number, 1, kMostWorkers);
  workers = static_cast<std::size_t>(number);
}

// A limit that a process cannot even start with would be a mistake.
void read_descriptors(Section& nginx, std::uint64_t& descriptors) {
  constexpr std::int64_t kLeast = 64;
  constexpr std::int64_t kMost = 1 << 30;
  std::int64_t number = 0;
  nginx.read_number("worker_rlimit_nofile", number, kLeast, kMost);
  descriptors = static_cast<std::uint64_t>(number);
}

// A path below the prefix; the names that nginx has for the process's own streams become their device.
std::string log_path(const Settings& settings, const std::string& path) {
  if (path == "stderr") return "/dev/stderr";
  if (path == "stdout") return "/dev/stdout";
  return below_prefix(settings, path);
}

void read_error_log(Section& nginx, Settings& settings) {
  using log::Level;
  std::string path = settings.logs.error_log;
  nginx.read("error_log", path);
  settings.logs.error_log = log_path(settings, path);
  // Our log has four levels; each of nginx's stands for the one that shows no less.
  nginx.read_choice<Level>("error_log_level", settings.logs.error_log_level,
                           {{"debug", Level::kDebug},
                            {"info", Level::kInfo},
                            {"notice", Level::kInfo},
                            {"warn", Level::kWarn},
                            {"error", Level::kError},
                            {"crit", Level::kError},
                            {"alert", Level::kError},
                            {"emerg", Level::kError}});
}

void read_pid_file(Section& nginx, Settings& settings) {
  std::string path = settings.pid_file;
  nginx.read("pid", path);
  settings.pid_file = path == "off" ? "" : below_prefix(settings, path);
}

// nginx refuses such a format; here a plugin may give the name a value.
void warn_of_unknown_variables(Section& http, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (exchange::Variable(name).is_built_in()) continue;
    http.warn("access_log_format", fmt::format("names ${}, which has no value unless a plugin sets a property of that "
                                               "name{}",
                                               name, did_you_mean(name, exchange::variable_names())));
  }
}

void read_access_log(Section& http, Settings& settings) {
  using telemetry::Escape;
  LogSettings& logs = settings.logs;
  http.read("enable_access_log", logs.access_log_enabled);
  std::string path = logs.access_log;
  http.read("access_log", path);
  if (path == "off") logs.access_log_enabled = false;
  logs.access_log = log_path(settings, path);
  http.read_choice<Escape>("access_log_format_escape", logs.access_log_escape,
                           {{"default", Escape::kDefault}, {"json", Escape::kJson}, {"none", Escape::kNone}});
  http.read("access_log_format", logs.access_log_format);
  auto compiled = telemetry::AccessLogFormat::compile(logs.access_log_format, logs.access_log_escape);
  if (!compiled) return http.error("access_log_format", "is no format: " + compiled.error().what);
  warn_of_unknown_variables(http, compiled->variables());
}

void read_http(Section http, Settings& settings) {
  using proxy::Underscores;
  ClientSettings& client = settings.client;
  read_access_log(http, settings);
  http.read_size("client_max_body_size", client.max_body_bytes);
  http.read("keepalive_timeout", client.keepalive_timeout);
  http.read("client_header_timeout", client.header_timeout);
  http.read("client_body_timeout", client.body_timeout);
  http.read("send_timeout", client.send_timeout);
  http.read_choice<Underscores>(
      "underscores_in_headers", client.underscores,
      {{"on", Underscores::kPass}, {"off", Underscores::kDrop}, {"reject", Underscores::kRefuse}});
  http.finish({"access_log_buffer", "real_ip_header", "real_ip_recursive", "real_ip_from", "upstream",
               "lua_shared_dict", "custom_lua_shared_dict", "proxy_ssl_server_name", "charset",
               "variables_hash_max_size", "resolver", "resolver_timeout"});
}

}  // namespace

void read_nginx_config(Section nginx, Settings& settings) {
  read_workers(nginx, settings.workers);
  read_descriptors(nginx, settings.descriptors);
  nginx.read("worker_shutdown_timeout", settings.drain_timeout);
  nginx.read("upgrade_timeout", settings.upgrade_timeout);
  read_pid_file(nginx, settings);
  read_error_log(nginx, settings);
  read_http(nginx.section("http"), settings);
  nginx.finish({"user", "worker_rlimit_core", "max_pending_timers", "max_running_timers", "enable_cpu_affinity",
                "event", "envs", "meta", "stream", "main_configuration_snippet", "http_configuration_snippet",
                "http_server_configuration_snippet", "http_server_location_configuration_snippet",
                "http_admin_configuration_snippet", "http_end_configuration_snippet", "stream_configuration_snippet"});
}

}  // namespace sallyport::app
