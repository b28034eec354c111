#pragma once
// The boot file (config.yaml) as typed values, every path absolute, every default filled in.
// Plain values: made once at start and again on HUP, by the control thread, then only read.

#include "async/buffer_pool.h"
#include "async/reactor_kind.h"
#include "base/environment.h"
#include "base/log.h"
#include "base/result.h"
#include "h2/server_limits.h"
#include "json/value.h"
#include "plugins/wasm/engine_choice.h"
#include "plugins/wasm/wasm_settings.h"
#include "proxy/options.h"
#include "route/route_rule.h"
#include "source/secret_keeper.h"
#include "source/spec.h"
#include "telemetry/access_log_format.h"
#include "wire/h1.h"
#include "wire/least_rate.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::app {

struct Listen {
  std::string ip;  // a literal, IPv6 without brackets
  std::uint16_t port = 0;
  bool optional = false;        // the IPv6 twin of a bare port, for IPv6 alone; a host without IPv6 may skip it
  bool proxy_protocol = false;  // a balancer says first whose the connection is
  std::optional<bool> http2{};  // of the proxy: HTTP/2 beside HTTP/1.1; nothing: as apisix.enable_http2 says
  friend bool operator==(const Listen&, const Listen&) = default;
};

enum class AdminRole : std::uint8_t { kAdmin, kViewer };

struct AdminKey {
  std::string name;
  std::string key;
  AdminRole role = AdminRole::kAdmin;
  friend bool operator==(const AdminKey&, const AdminKey&) = default;
};

struct AdminSettings {
  bool enabled = true;
  Listen listen{"127.0.0.1", 9180};
  bool key_required = true;
  std::vector<AdminKey> keys;  // none although required: one is generated and kept in `key_file`
  std::string key_file;        // <prefix>/data/admin.key
  std::vector<std::string> allow_from{"127.0.0.0/8", "::1"};  // addresses and networks
  bool reachable_through_routes = false;                      // whether a route may name our admin port as its upstream
  bool cors = true;
  friend bool operator==(const AdminSettings&, const AdminSettings&) = default;
};

struct ControlSettings {
  bool enabled = true;
  Listen listen{"127.0.0.1", 9090};
  friend bool operator==(const ControlSettings&, const ControlSettings&) = default;
};

struct LogSettings {
  std::string error_log;  // a file, or /dev/stderr, /dev/stdout
  log::Level error_log_level = log::Level::kWarn;
  bool access_log_enabled = true;
  std::string access_log;
  std::string access_log_format;  // in nginx's language; empty: the standard line; "json": the built-in JSON form
  telemetry::Escape access_log_escape = telemetry::Escape::kDefault;
  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

// What clients may do on the proxy's own listeners.
struct ClientSettings {
  std::uint64_t max_body_bytes = 0;  // 0: no limit
  std::chrono::milliseconds keepalive_timeout{60'000};
  std::chrono::milliseconds header_timeout{60'000};
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds send_timeout{10'000};
  proxy::Underscores underscores = proxy::Underscores::kPass;
  std::vector<std::string> trusted_addresses;  // peers whose X-Forwarded-* are believed: addresses and networks
  friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};

// What one client, and all of them together, may take of the gateway.
struct ClientLimits {
  std::uint32_t connections = 0;              // 0: no limit
  std::uint32_t connections_per_address = 0;  // of IPv6: a /64
  wire::LeastRate request_rate;
  wire::LeastRate response_rate;
  friend bool operator==(const ClientLimits&, const ClientLimits&) = default;
};

// When it is time to do less. Shares are percent of what there is.
struct OverloadSettings {
  bool enabled = true;
  std::uint64_t memory_limit = 0;          // resident bytes; 0: that of the cgroup
  std::uint64_t max_busy_connections = 0;  // with a request under way; 0: no limit
  std::int64_t close_idle = 90;
  std::int64_t shed = 95;
  std::int64_t stop_accepting = 98;
  std::int64_t recover = 5;  // below these a load ends
  std::chrono::milliseconds interval{250};
  friend bool operator==(const OverloadSettings&, const OverloadSettings&) = default;
};

struct Http1Settings {
  wire::HeadLimits head;
  friend bool operator==(const Http1Settings&, const Http1Settings&) = default;
};

struct Http2Settings {
  bool enabled = true;  // on the proxy's listeners, where these do not say otherwise
  h2::ServerLimits limits;
  friend bool operator==(const Http2Settings&, const Http2Settings&) = default;
};

// Of listeners that begin with a handshake of TLS.
struct SslSettings {
  bool enabled = true;
  std::vector<Listen> listen;  // default 9443
  bool tls12 = true, tls13 = true;
  std::string ciphers;  // of TLS 1.2, in OpenSSL's language
  bool session_tickets = true;
  std::string fallback_sni;
  std::string trusted_certificates;  // of upstreams: a file; "system": what the system trusts
  friend bool operator==(const SslSettings&, const SslSettings&) = default;
};

struct ResolverSettings {
  std::vector<std::string> servers;               // "ip" or "ip:port"; none: those of the system
  std::optional<std::chrono::seconds> valid_for;  // overrides the time to live of answers
  std::chrono::milliseconds timeout{5'000};
  friend bool operator==(const ResolverSettings&, const ResolverSettings&) = default;
};

struct RoutingSettings {
  route::RouterKind router = route::RouterKind::kHostUri;
  bool delete_uri_tail_slash = false;
  bool match_uri_encoded_slash = false;
  friend bool operator==(const RoutingSettings&, const RoutingSettings&) = default;
};

struct PrometheusSettings {
  bool export_server = true;
  Listen listen{"127.0.0.1", 9091};
  std::string export_uri = "/apisix/prometheus/metrics";
  std::string metric_prefix = "apisix_";
  friend bool operator==(const PrometheusSettings&, const PrometheusSettings&) = default;
};

struct WasmPluginSettings {
  std::string name;
  std::string root_id;
  int priority = 0;
  std::string file;                    // empty where there is a source
  std::optional<source::Spec> source;  // where the module is fetched from
  json::Value vm_config;               // null when absent
  wasm::PluginSettings settings;
  std::string where;  // "config.yaml:12:5", for messages about it
  friend bool operator==(const WasmPluginSettings&, const WasmPluginSettings&) = default;
};

enum class Eviction : std::uint8_t { kNone, kLeastRecentlyUsed };

struct WasmSharedDataSettings {  // of each plugin
  std::uint64_t max_bytes = 16u << 20;
  std::int64_t max_keys = 100'000;
  Eviction eviction = Eviction::kLeastRecentlyUsed;
  friend bool operator==(const WasmSharedDataSettings&, const WasmSharedDataSettings&) = default;
};

struct WasmSharedQueueSettings {  // of all queues of a plugin together
  std::uint64_t max_bytes = 16u << 20;
  std::int64_t max_items = 10'000;
  friend bool operator==(const WasmSharedQueueSettings&, const WasmSharedQueueSettings&) = default;
};

struct WasmCodeCacheSettings {           // compiled code, kept for the next start
  std::string folder;                    // <prefix>/data/wasm-code
  std::uint64_t max_bytes = 512u << 20;  // 0: none is kept
  friend bool operator==(const WasmCodeCacheSettings&, const WasmCodeCacheSettings&) = default;
};

struct WasmUploadSettings {             // of plugins that are put through the Admin API
  std::uint64_t max_bytes = 64u << 20;  // of a module
  std::int64_t keep_versions = 8;       // of each plugin
  friend bool operator==(const WasmUploadSettings&, const WasmUploadSettings&) = default;
};

struct WasmSourceSettings {          // of plugins that are fetched
  std::string trusted_certificates;  // as SslSettings; by default the same
  std::string folder;                // <prefix>/data/wasm-sources: modules of declared plugins that were fetched
  friend bool operator==(const WasmSourceSettings&, const WasmSourceSettings&) = default;
};

struct WasmSettings {
  wasm::EngineKind engine = wasm::EngineKind::kWasmtime;
  std::string engine_where;               // it stands, for messages: "config.yaml:4:8", or empty
  bool inline_enabled = false;            // `plugins: {wasm: {conf: ...}}` is understood
  std::vector<std::string> allowed_dirs;  // where inline paths may point; default: the prefix and /opt/apisix/wasm
  wasm::PluginSettings defaults;          // of every plugin, and the most that inline ones may have
  WasmSharedDataSettings shared_data;
  WasmSharedQueueSettings shared_queues;
  WasmUploadSettings uploads;
  WasmCodeCacheSettings code_cache;
  WasmSourceSettings sources;
  wasm::FirstTier first_tier = wasm::FirstTier::kAuto;
  std::int64_t max_metrics = 1000;  // of each plugin
  std::vector<WasmPluginSettings> plugins;
  friend bool operator==(const WasmSettings&, const WasmSettings&) = default;
};

enum class StoreKind : std::uint8_t { kEmbedded, kYaml };

struct StoreSettings {
  StoreKind kind = StoreKind::kEmbedded;
  std::string embedded_path;  // <prefix>/data/sallyport.db
  std::string yaml_path;      // apisix.yaml beside the config file
  friend bool operator==(const StoreSettings&, const StoreSettings&) = default;
};

struct Settings {
  std::string file;                   // absolute path of config.yaml
  std::string prefix;                 // where relative paths start
  std::vector<std::string> warnings;  // keys that are unknown or not honoured, each with its file:line:column

  std::size_t workers = 0;                            // 0: one a core
  std::uint64_t descriptors = 0;                      // that the process may have; 0: as many as its hard limit allows
  source::SecretKeeper::Times secrets;                // apisix.lru.secret
  std::chrono::milliseconds drain_timeout{240'000};   // after TERM, for exchanges that are under way
  std::chrono::milliseconds upgrade_timeout{60'000};  // after USR2, for the other gateway to be ready
  std::string pid_file;                               // <prefix>/logs/nginx.pid; empty: none
  bool ipv6 = true;
  std::vector<Listen> listen;  // of the proxy; default 9080
  Listen status_listen{"127.0.0.1", 7085};
  std::string server_header = "APISIX/3.18.0";      // value of `Server`
  bool show_upstream_status = false;                // X-APISIX-Upstream-Status on every response
  bool health_checks = true;                        // of upstreams that have `checks`
  std::optional<std::vector<std::string>> plugins;  // absent: all

  AdminSettings admin;
  ControlSettings control;
  LogSettings logs;
  std::size_t read_buffer_size = async::BufferPool::kUsual;  // of each connection, with clients and with upstreams
  ClientSettings client;
  ClientLimits limits;
  OverloadSettings overload;
  Http1Settings http1;
  Http2Settings http2;
  SslSettings ssl;
  ResolverSettings resolver;
  RoutingSettings routing;
  PrometheusSettings prometheus;
  WasmSettings wasm;
  StoreSettings store;
};

// What the command line says about the settings.
struct SettingsSource {
  std::string file;                    // as given; relative to the working directory
  std::string prefix;                  // -p; empty: the folder of the file, or its parent when that is called conf
  std::optional<std::size_t> workers;  // --workers
  async::ReactorChoice reactor;        // --reactor
};

enum class Severity : std::uint8_t {
  kError,
  kMistake,  // most likely not what was meant; a gateway starts with a warning, and `check` takes it for an error
  kWarning,
};

struct Problem {
  Severity severity = Severity::kError;
  std::string where;  // "conf/config.yaml:12:5"
  std::string what;   // what is wrong, and what to do

  std::string to_string() const;  // "conf/config.yaml:12:5: error: ..."
  friend bool operator==(const Problem&, const Problem&) = default;
};

struct CheckedSettings {
  Settings settings;              // usable only without errors
  std::vector<Problem> problems;  // in the order of the file

  bool has_errors() const;
};

// Reads the file and names every problem in it; a file that cannot be read or is no YAML is one problem.
CheckedSettings check_settings(const SettingsSource& source,
                               const EnvironmentLookup& environment = process_environment);

// As check_settings, for starting. Error: kInvalid with every error, one a line.
Result<Settings> load_settings(const SettingsSource& source,
                               const EnvironmentLookup& environment = process_environment);

// Keys whose change takes effect only with a restart, as they are called in the file.
std::vector<std::string> changes_that_need_a_restart(const Settings& running, const Settings& next);

// `next` but for what needs a restart, which stays as it is `running`.
WasmSettings without_restart(const WasmSettings& running, WasmSettings next);

}  // namespace sallyport::app
