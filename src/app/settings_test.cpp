#include "app/settings.h"

#include "base/file.h"
#include "base/temporary_folder_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <sstream>

namespace sallyport::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A settings file in a folder of its own, <folder>/conf/config.yaml.
class SettingsFile final {
 public:
  explicit SettingsFile(std::string_view text) { folder_.write("conf/config.yaml", std::string(text)); }

  std::string path() const { return folder_.file("conf/config.yaml"); }
  std::string folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

Settings load(std::string_view text) {
  SettingsFile file(text);
  auto settings = load_settings({.file = file.path()});
  EXPECT_TRUE(settings) << settings.error().what;
  return settings.value_or(Settings{});
}

// Every problem, without the folder of the file.
std::vector<std::string> problems_of(std::string_view text) {
  SettingsFile file(text);
  std::vector<std::string> lines;
  for (const Problem& problem : check_settings({.file = file.path()}).problems) {
    EXPECT_TRUE(problem.where.starts_with(file.path())) << problem.where;
    lines.push_back(problem.to_string().substr(file.folder().size() + 6));
  }
  return lines;
}

TEST(Settings, AFileWithTheTwoPortsAndAListOfPluginsStarts) {
  Settings settings = load("apisix: {node_listen: 9080, admin_listen: 9180}\nplugins: [wasm]\n");
  EXPECT_THAT(settings.listen, ElementsAre(Listen{"0.0.0.0", 9080}, Listen{"::", 9080, true}));
  EXPECT_EQ(settings.admin.listen, (Listen{"127.0.0.1", 9180}));
  EXPECT_THAT(*settings.plugins, ElementsAre("wasm"));
  EXPECT_TRUE(settings.wasm.inline_enabled);
  EXPECT_EQ(settings.store.kind, StoreKind::kEmbedded);
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(Settings, TlsIsServedOn9443UnlessItIsSwitchedOff) {
  Settings usual = load("");
  EXPECT_TRUE(usual.ssl.enabled);
  EXPECT_THAT(usual.ssl.listen, ElementsAre(Listen{"0.0.0.0", 9443}, Listen{"::", 9443, true}));
  EXPECT_TRUE(usual.ssl.tls12 && usual.ssl.tls13);
  EXPECT_FALSE(load("apisix: {ssl: {enable: false}}").ssl.enabled);
}

TEST(Settings, TlsHasItsPortsProtocolsAndCiphers) {
  Settings settings = load(R"(
apisix:
  ssl:
    listen: [{port: 8443}, {ip: 127.0.0.1, port: 8444}]
    ssl_protocols: TLSv1.3
    ssl_ciphers: ECDHE-RSA-AES128-GCM-SHA256
    ssl_session_tickets: false
    fallback_sni: a.example
)");
  EXPECT_THAT(settings.ssl.listen,
              ElementsAre(Listen{"0.0.0.0", 8443}, Listen{"::", 8443, true}, Listen{"127.0.0.1", 8444}));
  EXPECT_FALSE(settings.ssl.tls12);
  EXPECT_TRUE(settings.ssl.tls13);
  EXPECT_EQ(settings.ssl.ciphers, "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_FALSE(settings.ssl.session_tickets);
  EXPECT_EQ(settings.ssl.fallback_sni, "a.example");
}

TEST(Settings, ProtocolsBeforeTls12AreNotSpoken) {
  EXPECT_THAT(problems_of("apisix: {ssl: {ssl_protocols: TLSv1.1 TLSv1.2}}"),
              ElementsAre(HasSubstr("names TLSv1.1, which is not spoken")));
  EXPECT_THAT(problems_of("apisix: {ssl: {ssl_protocols: SSLv3 TLSv1.2}}"),
              ElementsAre(HasSubstr("names SSLv3, which is unknown")));
  EXPECT_THAT(problems_of("apisix: {ssl: {ssl_protocols: TLSv1}}"),
              testing::Contains(HasSubstr("leaves nothing to speak")));
}

TEST(Settings, AnEmptyFileMeansTheDefaults) {
  Settings settings = load("");
  EXPECT_EQ(settings.workers, 0u);
  EXPECT_EQ(settings.listen.front(), (Listen{"0.0.0.0", 9080}));
  EXPECT_EQ(settings.status_listen, (Listen{"127.0.0.1", 7085}));
  EXPECT_EQ(settings.prometheus.listen, (Listen{"127.0.0.1", 9091}));
  EXPECT_EQ(settings.server_header, "APISIX/3.18.0");
  EXPECT_FALSE(settings.plugins);
  EXPECT_FALSE(settings.wasm.inline_enabled);
  EXPECT_TRUE(settings.admin.keys.empty());
}

TEST(Settings, RelativePathsStartAtThePrefix) {
  SettingsFile file(
      "deployment: {embedded: {path: db/x.db}}\nnginx_config: {error_log: stderr}\n"
      "wasm: {plugins: [{name: p, file: wasm/p.wasm}, {name: q, file: /q.wasm}]}\n");
  Settings settings = load_settings({.file = file.path()}).value();
  EXPECT_EQ(settings.prefix, file.folder());
  EXPECT_EQ(settings.store.embedded_path, file.folder() + "/db/x.db");
  EXPECT_EQ(settings.store.yaml_path, file.folder() + "/conf/apisix.yaml");
  EXPECT_EQ(settings.admin.key_file, file.folder() + "/data/admin.key");
  EXPECT_EQ(settings.logs.error_log, "/dev/stderr");
  EXPECT_EQ(settings.logs.access_log, file.folder() + "/logs/access.log");
  EXPECT_EQ(settings.wasm.plugins[0].file, file.folder() + "/wasm/p.wasm");
  EXPECT_EQ(settings.wasm.plugins[1].file, "/q.wasm");
  EXPECT_THAT(settings.wasm.allowed_dirs, ElementsAre(file.folder(), "/opt/apisix/wasm"));

  settings = load_settings({.file = file.path(), .prefix = "/srv/./gate/"}).value();
  EXPECT_EQ(settings.prefix, "/srv/gate");
  EXPECT_EQ(settings.store.embedded_path, "/srv/gate/db/x.db");
  EXPECT_EQ(settings.store.yaml_path, file.folder() + "/conf/apisix.yaml");
}

TEST(Settings, AFolderThatIsNotCalledConfIsThePrefixItself) {
  SettingsFile file("");
  std::filesystem::copy(file.path(), file.folder() + "/gate.yaml");
  EXPECT_EQ(load_settings({.file = file.folder() + "/gate.yaml"})->prefix, file.folder());
}

TEST(Settings, NodeListenTakesAPortAListAndAddresses) {
  EXPECT_THAT(load("apisix: {enable_ipv6: false, node_listen: [9080, 9081]}").listen,
              ElementsAre(Listen{"0.0.0.0", 9080}, Listen{"0.0.0.0", 9081}));
  EXPECT_THAT(load("apisix: {node_listen: [{ip: 127.0.0.2, port: 9082}, '[::1]:9083']}").listen,
              ElementsAre(Listen{"127.0.0.2", 9082}, Listen{"::1", 9083}));
  EXPECT_THAT(load("apisix: {enable_ipv6: false, node_listen: [{port: 9084}]}").listen,
              ElementsAre(Listen{"0.0.0.0", 9084}));
}

TEST(Settings, TheAdminApiIsConfiguredInBothLayouts) {
  for (std::string_view text :
       {"apisix: {admin_listen: {ip: 0.0.0.0, port: 9280}, admin_key_required: false,\n"
        "  allow_admin: [10.0.0.0/8], admin_key: [{name: a, key: 0123456789abcdef, role: viewer}]}",
        "deployment:\n  admin: {admin_listen: {ip: 0.0.0.0, port: 9280}, admin_key_required: false,\n"
        "  allow_admin: [10.0.0.0/8], admin_key: [{name: a, key: 0123456789abcdef, role: viewer}]}"}) {
    Settings settings = load(text);
    EXPECT_EQ(settings.admin.listen, (Listen{"0.0.0.0", 9280}));
    EXPECT_FALSE(settings.admin.key_required);
    EXPECT_THAT(settings.admin.allow_from, ElementsAre("10.0.0.0/8"));
    EXPECT_THAT(settings.admin.keys, ElementsAre(AdminKey{"a", "0123456789abcdef", AdminRole::kViewer}));
    EXPECT_THAT(settings.warnings, IsEmpty());
  }
  EXPECT_THAT(load("apisix: {admin_key: edd1c9f034335f136f87ad84b625c8f1}").admin.keys,
              ElementsAre(AdminKey{"admin", "edd1c9f034335f136f87ad84b625c8f1", AdminRole::kAdmin}));
}

TEST(Settings, AnEmptyOrShortAdminKeyIsNamed) {
  EXPECT_THAT(problems_of("apisix:\n  admin_key:\n    - {name: a, key: ''}\n    - {name: b, key: secret}\n"),
              ElementsAre("config.yaml:3:17: warning: apisix.admin_key[0].key is empty, and counts as not there",
                          "config.yaml:4:17: warning: apisix.admin_key[1].key is shorter than 16 characters, and is "
                          "accepted from this machine only"));
  EXPECT_THAT(problems_of("apisix: {admin_key: secret}\n"),
              ElementsAre("config.yaml:1:10: warning: apisix.admin_key is shorter than 16 characters, and is accepted "
                          "from this machine only"));
}

TEST(Settings, NginxConfigIsTypedInNginxUnits) {
  Settings settings = load(R"(
nginx_config:
  worker_processes: 3
  worker_rlimit_nofile: 20480
  error_log: logs/e.log
  error_log_level: notice
  worker_shutdown_timeout: 30s
  upgrade_timeout: 5s
  pid: run/gateway.pid
  http:
    enable_access_log: true
    access_log: /dev/stdout
    access_log_format: '{"s":"$status"}'
    access_log_format_escape: json
    client_max_body_size: 8m
    keepalive_timeout: 75s
    client_header_timeout: 1m30s
    client_body_timeout: 500ms
    send_timeout: 10
)");
  EXPECT_EQ(settings.workers, 3u);
  EXPECT_EQ(settings.descriptors, 20480u);
  EXPECT_EQ(settings.logs.error_log_level, log::Level::kInfo);
  EXPECT_EQ(settings.logs.access_log, "/dev/stdout");
  EXPECT_EQ(settings.logs.access_log_escape, telemetry::Escape::kJson);
  EXPECT_EQ(settings.client.max_body_bytes, 8u << 20);
  EXPECT_EQ(settings.client.keepalive_timeout, std::chrono::seconds(75));
  EXPECT_EQ(settings.client.header_timeout, std::chrono::seconds(90));
  EXPECT_EQ(settings.client.body_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(settings.client.send_timeout, std::chrono::seconds(10));
  EXPECT_EQ(settings.drain_timeout, std::chrono::seconds(30));
  EXPECT_EQ(settings.upgrade_timeout, std::chrono::seconds(5));
  EXPECT_EQ(settings.pid_file, settings.prefix + "/run/gateway.pid");
  Settings usual = load("");
  EXPECT_EQ(usual.pid_file, usual.prefix + "/logs/nginx.pid");
  EXPECT_EQ(load("nginx_config: {pid: 'off'}").pid_file, "");
  EXPECT_FALSE(load("nginx_config: {http: {access_log: off}}").logs.access_log_enabled);
  EXPECT_EQ(load("nginx_config: {worker_processes: auto}").workers, 0u);
}

TEST(Settings, SecretsAreKeptAsLongAsApisixsCacheWouldKeepThem) {
  Settings settings = load("apisix: {lru: {secret: {ttl: 120, neg_ttl: 5s, count: 512, neg_count: 512}}}");
  EXPECT_EQ(settings.secrets.keep, std::chrono::seconds(120));
  EXPECT_EQ(settings.secrets.longest_wait, std::chrono::seconds(5));
  EXPECT_THAT(problems_of("apisix: {lru: {secret: {ttl: 0}}}"),
              ElementsAre(HasSubstr("apisix.lru.secret.ttl must be a second at least")));
}

TEST(Settings, TheCommandLineDecidesTheNumberOfWorkers) {
  SettingsFile file("nginx_config: {worker_processes: 3}");
  EXPECT_EQ(load_settings({.file = file.path(), .workers = 5})->workers, 5u);
}

TEST(Settings, WasmPluginsAreRead) {
  Settings settings = load(R"(
wasm:
  enable: true
  cpu_budget: 20ms
  memory_limit: 64m
  allowed_dirs: [modules, /opt/wasm]
  shared_data: {max_bytes: 1m, max_keys: 5, eviction: none}
  shared_queues: {max_bytes: 2m, max_items: 7}
  uploads: {max_size: 3m, keep_versions: 4}
  code_cache: {path: cached, max_size: 0}
  engine: pulley
  max_metrics: 50
  plugins:
    - name: wasm_fault_injection
      root_id: fi
      priority: 7997
      file: fault.wasm
      http_request_phase: rewrite
      fail: open
      allow_on_headers_stop_iteration: true
      cpu_budget: 5ms
      vm_config: {configuration: x}
)");
  const WasmPluginSettings& plugin = settings.wasm.plugins.at(0);
  EXPECT_EQ(plugin.name, "wasm_fault_injection");
  EXPECT_EQ(plugin.root_id, "fi");
  EXPECT_EQ(plugin.priority, 7997);
  EXPECT_EQ(plugin.settings.policy.request_phase, wasm::RequestPhase::kRewrite);
  EXPECT_EQ(plugin.settings.policy.on_failure, wasm::OnFailure::kPass);
  EXPECT_EQ(plugin.settings.policy.pause_in_headers, wasm::PauseInHeaders::kShowsBody);
  EXPECT_EQ(plugin.settings.policy.limits.cpu_budget, std::chrono::milliseconds(5));
  EXPECT_EQ(plugin.settings.policy.limits.memory_bytes, 64u << 20);  // as the others
  EXPECT_EQ(*plugin.vm_config.find("configuration"), json::Value("x"));
  EXPECT_THAT(plugin.where, HasSubstr("config.yaml:14:7"));
  EXPECT_EQ(settings.wasm.engine, wasm::EngineKind::kPulley);
  EXPECT_TRUE(settings.wasm.inline_enabled);
  EXPECT_EQ(settings.wasm.defaults.policy.limits.cpu_budget, std::chrono::milliseconds(20));
  EXPECT_EQ(settings.wasm.defaults.policy.limits.memory_bytes, 64u << 20);
  EXPECT_EQ(settings.wasm.shared_data, (WasmSharedDataSettings{1u << 20, 5, Eviction::kNone}));
  EXPECT_EQ(settings.wasm.shared_queues, (WasmSharedQueueSettings{2u << 20, 7}));
  EXPECT_EQ(settings.wasm.code_cache, (WasmCodeCacheSettings{settings.prefix + "/cached", 0}));
  EXPECT_EQ(settings.wasm.uploads, (WasmUploadSettings{3u << 20, 4}));
  EXPECT_EQ(settings.wasm.max_metrics, 50);
  EXPECT_THAT(settings.wasm.allowed_dirs, ElementsAre(settings.prefix + "/modules", "/opt/wasm"));
}

TEST(Settings, AReloadThatHasNoEffectIsAWarning) {
  SettingsFile file(
      "wasm:\n  fair: true\n  engine: pulley\n  plugins:\n    - {name: a, file: a.wasm, fail: reload}\n"
      "    - {name: b, file: b.wasm, fail: reload, fair: false}\n");
  Settings settings = load_settings({.file = file.path()}).value();
  EXPECT_THAT(settings.warnings, ElementsAre(AllOf(HasSubstr("config.yaml:5:"),
                                                   HasSubstr("wasm.plugins[0].fail is \"reload\", which is as "))));
  EXPECT_THAT(settings.wasm.engine_where, HasSubstr("config.yaml:3:"));
}

TEST(Settings, WrongSettingsOfWasmPluginsAreNamed) {
  EXPECT_THAT(
      problems_of("wasm:\n  cpu_budget: soon\n  memory_limit: 5g\n  plugins:\n    - name: a\n      file: a.wasm\n"
                  "      fail: maybe\n      cpu_budget: 0\n      memory_limit: lots\n"
                  "      allow_on_headers_stop_iteration: 7\n      http_request_phase: late\n      cpu_budgt: 1ms\n"),
      ElementsAre(
          "config.yaml:2:3: error: wasm.cpu_budget is no duration: \"soon\"; write seconds, or a number with a "
          "unit such as 20ms or 1s",
          "config.yaml:3:3: error: wasm.memory_limit is \"5g\"; give from 64k to 4g",
          "config.yaml:7:7: error: wasm.plugins[0].fail is \"maybe\"; give one of: closed, open, reload",
          "config.yaml:8:7: error: wasm.plugins[0].cpu_budget is 0; give from 1ms to 1h",
          "config.yaml:9:7: error: wasm.plugins[0].memory_limit is no size: \"lots\"; write bytes, or a number "
          "with k, m or g",
          "config.yaml:10:7: error: wasm.plugins[0].allow_on_headers_stop_iteration wants true or false, and is 7",
          "config.yaml:11:7: error: wasm.plugins[0].http_request_phase is \"late\"; give one of: access, rewrite",
          "config.yaml:12:7: warning: wasm.plugins[0].cpu_budgt is an unknown key and has no effect; did you "
          "mean cpu_budget?"));
}

TEST(Settings, EtcdIsRefusedWithTheLineToChange) {
  EXPECT_THAT(
      problems_of("deployment:\n  role: traditional\n  role_traditional:\n    config_provider: etcd\n"
                  "  etcd:\n    host: ['http://127.0.0.1:2379']\n"),
      ElementsAre(HasSubstr("config.yaml:4:5: error: deployment.role_traditional.config_provider asks for etcd")));
  EXPECT_THAT(problems_of("deployment:\n  etcd:\n    host: ['http://127.0.0.1:2379']\n"),
              ElementsAre(HasSubstr("config.yaml:3:5: error: deployment.etcd.host asks for etcd")));
  EXPECT_THAT(problems_of("etcd:\n  host: 'http://127.0.0.1:2379'\n"),
              ElementsAre(HasSubstr("config.yaml:2:3: error: etcd.host asks for etcd")));
  EXPECT_THAT(
      problems_of("deployment: {role: data_plane, role_data_plane: {config_provider: xds}}"),
      ElementsAre(HasSubstr("error: deployment.role_data_plane.config_provider is xds, which this version cannot")));
}

TEST(Settings, TheYamlProviderReadsApisixYamlAndNeedsNoEtcd) {
  Settings settings = load("deployment: {role: data_plane, role_data_plane: {config_provider: yaml}}");
  EXPECT_EQ(settings.store.kind, StoreKind::kYaml);
  settings = load(
      "deployment:\n  role: data_plane\n  role_data_plane: {config_provider: yaml}\n"
      "  etcd: {host: ['http://a:2379']}\n");
  EXPECT_EQ(settings.store.kind, StoreKind::kYaml);
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("deployment.etcd is not honoured by this version")));
  EXPECT_EQ(load("apisix: {config_center: yaml}").store.kind, StoreKind::kYaml);
}

TEST(Settings, ADataPlaneHasNoAdminApi) {
  constexpr std::string_view kYaml = "role: data_plane, role_data_plane: {config_provider: yaml}";
  Settings settings = load(fmt::format("apisix: {{enable_admin: true}}\ndeployment: {{{}}}\n", kYaml));
  EXPECT_FALSE(settings.admin.enabled);
  EXPECT_THAT(settings.warnings, IsEmpty());
  settings = load(fmt::format("deployment: {{{}, admin: {{admin_listen: 9180}}}}\n", kYaml));
  EXPECT_FALSE(settings.admin.enabled);
  EXPECT_THAT(settings.warnings,
              ElementsAre(HasSubstr("deployment.admin has no effect: deployment.role is data_plane")));
  settings = load("deployment: {role: data_plane}");
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("deployment.role is data_plane, which has no Admin API, so")));
  EXPECT_TRUE(load("deployment: {role: traditional, role_traditional: {config_provider: yaml}}").admin.enabled);
}

TEST(Settings, UnknownAndUnhonouredKeysAreNamed) {
  EXPECT_THAT(
      problems_of("apisix:\n  node_lisen: 9081\n  enable_debug: true\n  proxy_mode: http\nnginx_confg: {}\n"),
      ElementsAre("config.yaml:2:3: warning: apisix.node_lisen is an unknown key and has no effect; did you mean "
                  "node_listen?",
                  "config.yaml:3:3: warning: apisix.enable_debug is not honoured by this version and has no effect",
                  "config.yaml:4:3: warning: apisix.proxy_mode is not honoured by this version and has no effect",
                  "config.yaml:5:1: warning: nginx_confg is an unknown key and has no effect; did you mean "
                  "nginx_config?"));
}

TEST(Settings, AKeyNearAKnownOneIsAMistakeAndOneOfTheUsersOwnIsNot) {
  SettingsFile file(
      "apisix:\n  node_listn: 9081\n  our_team: edge\n  tracing: true\n"
      "plugin_attr:\n  zipkins: {a: 1}\n  prometheus: {export_adr: {port: 1}}\n");
  CheckedSettings checked = check_settings({.file = file.path()});
  EXPECT_FALSE(checked.has_errors());
  std::vector<Severity> severities;
  severities.reserve(checked.problems.size());
  for (const Problem& problem : checked.problems) severities.push_back(problem.severity);
  EXPECT_THAT(severities, ElementsAre(Severity::kMistake, Severity::kWarning, Severity::kWarning, Severity::kWarning,
                                      Severity::kMistake));
  EXPECT_THAT(checked.problems[1].to_string(),
              HasSubstr(":3:3: warning: apisix.our_team is an unknown key and has no effect"));
  EXPECT_THAT(load("apisix: {node_listn: 9081}").warnings, ElementsAre(HasSubstr("did you mean node_listen?")));
}

TEST(Settings, AColonWithoutASpaceIsNamed) {
  EXPECT_THAT(
      problems_of("apisix:\n  enable_ipv6: true\n  node_listen:9080\n"),
      ElementsAre("config.yaml:3:3: warning: apisix.node_listen:9080 is an unknown key and has no effect; write a "
                  "space behind the colon: `node_listen: 9080`"));
  EXPECT_THAT(
      problems_of("apisix:\n  node_listen:9080\n"),
      ElementsAre("config.yaml:1:1: error: apisix wants a mapping of keys to values, and is a text; write a space "
                  "behind the colon: `node_listen: 9080`"));
}

TEST(Settings, NoKeyOfApisixIsUnknown) {
  // Those of config.yaml of APISIX 3.18 and of the layout of version 2.
  const auto problems = problems_of(R"(
apisix: {node_listen: 1, enable_admin: 1, enable_dev_mode: 1, enable_reuseport: 1, enable_ipv6: 1, enable_http2: 1,
  show_upstream_status_in_response_header: 1, enable_server_tokens: 1, extra_lua_path: 1, extra_lua_cpath: 1,
  proxy_protocol: {listen_http_port: 1, listen_https_port: 1, enable_tcp_pp: 1, enable_tcp_pp_to_upstream: 1},
  lua_module_hook: 1, proxy_cache: {cache_ttl: 1}, delete_uri_tail_slash: 1, normalize_uri_like_servlet: 1,
  match_uri_encoded_slash: 1, max_post_args_readable_size: 1, router: {http: 1, ssl: 1}, proxy_mode: 1,
  stream_proxy: {tcp: 1}, dns_resolver: 1, dns_resolver_valid: 1, resolver_timeout: 1, enable_resolv_search_opt: 1,
  ssl: {enable: 1, listen: [{port: 1, ip: 1, enable_http3: 1}], ssl_trusted_certificate: 1, ssl_protocols: 1,
    ssl_ciphers: 1, ssl_session_tickets: 1, fallback_sni: 1, ssl_cert: 1, ssl_cert_key: 1, enable_http2: 1},
  enable_control: 1, control: {ip: 1, port: 1}, disable_sync_configuration_during_start: 1, tracing: 1, id: 1,
  worker_startup_time_threshold: 1, data_encryption: {keyring: 1}, status: {ip: 1, port: 1}, events: 1,
  disable_upstream_healthcheck: 1, trusted_addresses: 1, lru: {secret: {ttl: 1, count: 1, neg_ttl: 1, neg_count: 1}},
  enable_http3_in_server_context: 1, allow_admin: 1, admin_key: 1, port_admin: 1, https_admin: 1, enable_debug: 1,
  config_center: 1, admin_api_mtls: 1, admin_api_version: 1}
nginx_config: {user: 1, error_log: 1, error_log_level: 1, worker_processes: 1, enable_cpu_affinity: 1,
  worker_rlimit_nofile: 1, worker_rlimit_core: 1, worker_shutdown_timeout: 1, max_pending_timers: 1,
  max_running_timers: 1, event: 1, envs: 1, meta: 1, stream: 1, main_configuration_snippet: 1,
  http_configuration_snippet: 1, http_server_configuration_snippet: 1, http_server_location_configuration_snippet: 1,
  http_admin_configuration_snippet: 1, http_end_configuration_snippet: 1, stream_configuration_snippet: 1,
  http: {enable_access_log: 1, access_log: 1, access_log_buffer: 1, access_log_format: 1, access_log_format_escape: 1,
    keepalive_timeout: 1, client_header_timeout: 1, client_body_timeout: 1, client_max_body_size: 1, send_timeout: 1,
    underscores_in_headers: 1, real_ip_header: 1, real_ip_recursive: 1, real_ip_from: 1, custom_lua_shared_dict: 1,
    proxy_ssl_server_name: 1, upstream: 1, charset: 1, variables_hash_max_size: 1, lua_shared_dict: 1}}
discovery: 1
graphql: 1
ext-plugin: 1
plugins: 1
stream_plugins: 1
http: 1
etcd: {host: 1}
xrpc: 1
wasm: {plugins: [{name: 1, file: 1, priority: 1, http_request_phase: 1}]}
plugin_attr: {ai-proxy: 1, log-rotate: 1, skywalking: 1, opentelemetry: 1, server-info: 1, dubbo-proxy: 1,
  proxy-mirror: 1, redirect: 1, inspect: 1, zipkin: 1, batch-requests: 1, example-plugin: 1,
  prometheus: {export_uri: 1, metric_prefix: 1, enable_export_server: 1, export_addr: {ip: 1, port: 1},
    refresh_interval: 1, metrics: 1, default_buckets: 1, llm_latency_buckets: 1, llm_prompt_tokens_buckets: 1,
    llm_completion_tokens_buckets: 1, ai_cache_embedding_latency_buckets: 1}}
deployment: {role: 1, role_traditional: {config_provider: 1}, role_data_plane: {config_provider: 1, control_plane: 1},
  role_control_plane: {config_provider: 1}, certs: 1, etcd: {host: 1},
  admin: {admin_key_required: 1, admin_key: [{name: 1, key: 1, role: 1}], enable_admin_cors: 1, enable_admin_ui: 1,
    allow_admin: 1, admin_listen: {ip: 1, port: 1}, https_admin: 1, admin_api_mtls: 1, admin_api_version: 1}}
)");
  EXPECT_THAT(problems, testing::Each(testing::Not(HasSubstr("unknown key"))));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("apisix.tracing is not honoured")));
}

TEST(Settings, EveryErrorIsReportedInTheOrderOfTheFile) {
  EXPECT_THAT(
      problems_of("apisix:\n  node_listen: [{ip: localhost, port: 1}]\n  enable_ipv6: maybe\n  router: {http: x}\n"
                  "nginx_config:\n  worker_processes: 0\n  http:\n    client_max_body_size: big\n    send_timeout: -1\n"
                  "    access_log_format: '$'\nwasm:\n  plugins: [{root_id: a}]\n"),
      ElementsAre("config.yaml:2:18: error: apisix.node_listen[0].ip is no IP address: localhost; give one such as "
                  "127.0.0.1 or ::1",
                  "config.yaml:3:3: error: apisix.enable_ipv6 wants true or false, and is a text",
                  HasSubstr("config.yaml:4:12: error: apisix.router.http is \"x\"; give one of: radixtree_host_uri, "),
                  "config.yaml:6:3: error: nginx_config.worker_processes wants a whole number from 1 to 1024, and is 0",
                  HasSubstr("config.yaml:8:5: error: nginx_config.http.client_max_body_size is no size: \"big\"; "),
                  HasSubstr("config.yaml:9:5: error: nginx_config.http.send_timeout is no duration: -1; "),
                  HasSubstr("config.yaml:10:5: error: nginx_config.http.access_log_format is no format: "),
                  HasSubstr("error: wasm.plugins[0].name is missing"),
                  HasSubstr("error: wasm.plugins[0].file is missing")));
}

TEST(Settings, ADeclaredPluginTakesNoNameOfABuiltInOne) {
  EXPECT_THAT(
      problems_of("wasm: {plugins: [{name: request-id, file: a.wasm}, {name: wasm, file: a.wasm}]}\n"),
      ElementsAre(
          HasSubstr("error: wasm.plugins[0].name is request-id, a plugin of the gateway itself; give another one"),
          HasSubstr("error: wasm.plugins[1].name is wasm, a plugin of the gateway itself; give another one")));
}

TEST(Settings, PluginsThatAreNotHereAreNamed) {
  EXPECT_THAT(problems_of("wasm: {plugins: [{name: own, file: own.wasm}]}\n"
                          "plugins: [wasm, key-auth, request-id, own, limit-count]\n"),
              ElementsAre(HasSubstr("config.yaml:2:1: warning: plugins names plugins that this gateway does not have: "
                                    "key-auth, limit-count; stored routes are served without them")));
  EXPECT_THAT(problems_of("plugins: [wasm, reqest-id]\n"),
              ElementsAre("config.yaml:1:17: warning: plugins[1] is reqest-id, which this gateway does not have; did "
                          "you mean request-id?"));
}

TEST(Settings, AVariableOfTheAccessLogThatDoesNotExistIsNamed) {
  EXPECT_THAT(
      problems_of("nginx_config: {http: {access_log_format: '$remote_adr $status $arg_x $wasm_own $gzip_ratio'}}\n"),
      ElementsAre(
          "config.yaml:1:23: warning: nginx_config.http.access_log_format names $remote_adr, which has no value "
          "unless a plugin sets a property of that name; did you mean remote_addr?",
          HasSubstr("names $gzip_ratio, which has no value unless a plugin sets a property of that name")));
  EXPECT_THAT(load("nginx_config: {http: {access_log_format: json}}").warnings, IsEmpty());
}

TEST(Settings, AFileThatIsNoMappingIsNamedAsAWhole) {
  EXPECT_THAT(problems_of("[]\n"),
              ElementsAre("config.yaml:1:1: error: the file wants a mapping of keys to values, and is a list"));
}

TEST(Settings, APortThatIsWrongIsNotCalledMissing) {
  EXPECT_THAT(problems_of("apisix: {node_listen: [{port: x}]}\n"),
              ElementsAre("config.yaml:1:25: error: apisix.node_listen[0].port wants a whole number from 0 to 65535, "
                          "and is \"x\""));
  EXPECT_THAT(problems_of("apisix: {node_listen: [{ip: 127.0.0.1}]}\n"), ElementsAre(HasSubstr("has no port")));
}

TEST(Settings, AWrongShapeIsNamed) {
  EXPECT_THAT(problems_of("apisix: 9080\nplugins: wasm\n"),
              ElementsAre("config.yaml:1:1: error: apisix wants a mapping of keys to values, and is a number",
                          "config.yaml:2:1: error: plugins wants a list, and is a text"));
}

TEST(Settings, AFileThatCannotBeReadOrIsNoYamlIsOneProblem) {
  auto missing = check_settings({.file = "/nowhere/config.yaml"});
  ASSERT_EQ(missing.problems.size(), 1u);
  EXPECT_EQ(missing.problems[0].to_string(),
            "/nowhere/config.yaml: error: cannot be read: No such file or directory; name the settings file with -c");
  EXPECT_THAT(problems_of("apisix: [\n"), ElementsAre(HasSubstr("config.yaml:2:1: error: ")));
}

TEST(Settings, TheEnvironmentIsSubstituted) {
  SettingsFile file("apisix:\n  node_listen: ${{PORT}}\n  enable_ipv6: ${{V6:=false}}\n");
  auto settings = load_settings({.file = file.path()}, [](const std::string& name) {
    return name == "PORT" ? std::optional<std::string>("9999") : std::nullopt;
  });
  ASSERT_TRUE(settings) << settings.error().what;
  EXPECT_THAT(settings->listen, ElementsAre(Listen{"0.0.0.0", 9999}));
  auto unset = load_settings({.file = file.path()}, [](const std::string&) { return std::nullopt; });
  ASSERT_FALSE(unset);
  EXPECT_THAT(unset.error().what, HasSubstr("config.yaml:2:16: error: environment variable PORT is not set"));
}

TEST(Settings, ClientsHaveTheLimitsOfAGatewayAtTheEdge) {
  Settings usual = load("");
  EXPECT_EQ(usual.http1.head, (wire::HeadLimits{.bytes = 60 * 1024, .target_bytes = 16 * 1024, .fields = 100}));
  EXPECT_EQ(usual.http2.limits.streams, 100u);
  EXPECT_EQ(usual.http2.limits.stream_window, 64u * 1024);
  EXPECT_EQ(usual.http2.limits.connection_window, 1u << 20);
  EXPECT_EQ(usual.limits, ClientLimits{});
  Settings given = load(R"(
apisix:
  http1: {max_header_size: 8k, max_target_size: 4k, max_header_fields: 20}
  clients:
    max_connections: 10000
    max_connections_per_address: 50
    min_request_rate: 1k
    min_response_rate: 0
    rate_grace: 500ms
nginx_config: {http: {underscores_in_headers: "off"}}
)");
  EXPECT_EQ(given.http1.head, (wire::HeadLimits{.bytes = 8 * 1024, .target_bytes = 4 * 1024, .fields = 20}));
  EXPECT_EQ(given.limits.connections, 10'000u);
  EXPECT_EQ(given.limits.connections_per_address, 50u);
  EXPECT_EQ(given.limits.request_rate, (wire::LeastRate{1024, std::chrono::milliseconds(500)}));
  EXPECT_EQ(given.limits.response_rate, (wire::LeastRate{0, std::chrono::milliseconds(500)}));
  EXPECT_EQ(given.client.underscores, proxy::Underscores::kDrop);
  EXPECT_THAT(given.warnings, IsEmpty());
}

TEST(Settings, LimitsOfClientsThatMakeNoSenseAreNamed) {
  EXPECT_THAT(problems_of("apisix: {http1: {max_header_size: 100, max_header_fields: 0}}"),
              ElementsAre(HasSubstr("apisix.http1.max_header_size is 100 bytes; give 1024 to 1048576"),
                          HasSubstr("apisix.http1.max_header_fields wants a whole number from 1 to 10000")));
  EXPECT_THAT(problems_of("apisix: {clients: {max_connection: 1, min_request_rate: fast}}"),
              ElementsAre(HasSubstr("apisix.clients.max_connection is an unknown key"), HasSubstr("is no size")));
  EXPECT_THAT(problems_of("nginx_config: {http: {underscores_in_headers: maybe}}"),
              ElementsAre(HasSubstr("give one of: on, off, reject")));
}

TEST(Settings, BalancersThatAnnounceTheirClientsHavePortsOfTheirOwn) {
  Settings settings = load("apisix: {proxy_protocol: {listen_http_port: 9181, listen_https_port: 9182}}");
  EXPECT_THAT(settings.listen, ElementsAre(Listen{"0.0.0.0", 9080}, Listen{"::", 9080, true},
                                           Listen{"0.0.0.0", 9181, false, true}, Listen{"::", 9181, true, true}));
  EXPECT_THAT(settings.ssl.listen, ElementsAre(Listen{"0.0.0.0", 9443}, Listen{"::", 9443, true},
                                               Listen{"0.0.0.0", 9182, false, true}, Listen{"::", 9182, true, true}));
  EXPECT_THAT(
      problems_of("apisix: {proxy_protocol: {listen_http_port: 9080, enable_tcp_pp: true,\n"
                  "  enable_tcp_pp_to_upstream: true}}"),
      ElementsAre(HasSubstr("listen_http_port is 9080, where clients come without a header; give another port"),
                  HasSubstr("enable_tcp_pp is not honoured"), HasSubstr("enable_tcp_pp_to_upstream is not honoured")));
  EXPECT_THAT(problems_of("apisix: {ssl: {enable: false}, proxy_protocol: {listen_https_port: 9182}}"),
              ElementsAre(HasSubstr("listen_https_port has no effect: apisix.ssl.enable is false")));
}

TEST(Settings, ReadBuffersHaveASizeThatWorks) {
  EXPECT_EQ(load("").read_buffer_size, 32u << 10);
  EXPECT_EQ(load("apisix: {read_buffer_size: 128k}").read_buffer_size, 128u << 10);
  EXPECT_THAT(problems_of("apisix: {read_buffer_size: 1k}"),
              ElementsAre(HasSubstr("apisix.read_buffer_size is 1024 bytes; give 4096 to 1048576")));
  EXPECT_THAT(problems_of("apisix: {read_buffer_size: 2m}"), ElementsAre(HasSubstr("read_buffer_size is 2097152")));
}

TEST(Settings, LoadsHaveTheirOrder) {
  Settings settings = load("apisix: {overload: {memory_limit: 2g, max_busy_connections: 100, shed: 97, interval: 1}}");
  EXPECT_EQ(settings.overload.memory_limit, 2ull << 30);
  EXPECT_EQ(settings.overload.max_busy_connections, 100u);
  EXPECT_EQ(settings.overload.shed, 97);
  EXPECT_EQ(settings.overload.interval, std::chrono::milliseconds(1'000));
  EXPECT_THAT(
      problems_of("apisix: {overload: {shed: 80}}"),
      ElementsAre(HasSubstr("apisix.overload.shed is out of order: give close_idle <= shed <= stop_accepting")));
  EXPECT_THAT(problems_of("apisix: {overload: {interval: 1ms}}"), ElementsAre(HasSubstr("is below 10ms")));
}

TEST(Settings, WhatNeedsARestartIsNamed) {
  Settings running = load("");
  Settings next = load(
      "apisix: {node_listen: 9081}\nplugins: [a]\nnginx_config: {worker_processes: 2}\n"
      "wasm: {engine: pulley}\n");
  next.prefix = running.prefix;
  next.pid_file = running.pid_file;
  next.store = running.store;
  next.wasm.code_cache = running.wasm.code_cache;
  next.wasm.sources = running.wasm.sources;
  EXPECT_THAT(changes_that_need_a_restart(running, next),
              ElementsAre("apisix.node_listen", "nginx_config.worker_processes", "wasm.engine"));
  EXPECT_THAT(changes_that_need_a_restart(running, running), IsEmpty());
}

// What a file with `text` changes in a gateway without settings.
std::vector<std::string> changed_by(std::string_view text) {
  SettingsFile file("");
  Settings running = load_settings({.file = file.path()}).value();
  SettingsFile other(text);
  Settings next = load_settings({.file = other.path(), .prefix = file.folder()}).value();
  next.store.yaml_path = running.store.yaml_path;
  return changes_that_need_a_restart(running, next);
}

TEST(Settings, WhatNeedsARestartIsNamedAsTheFileCallsIt) {
  EXPECT_THAT(changed_by("apisix: {enable_ipv6: false}"), ElementsAre("apisix.enable_ipv6"));
  EXPECT_THAT(changed_by("apisix: {proxy_protocol: {listen_https_port: 9182}}"), ElementsAre("apisix.proxy_protocol"));
  EXPECT_THAT(changed_by("apisix: {ssl: {listen: [{port: 8443}]}}"), ElementsAre("apisix.ssl"));
  EXPECT_THAT(changed_by("apisix: {enable_http2: false}"), ElementsAre("apisix.enable_http2"));
  EXPECT_THAT(changed_by("apisix: {enable_control: false}"), ElementsAre("apisix.enable_control"));
  EXPECT_THAT(changed_by("apisix: {server_header: me}"), ElementsAre("apisix.enable_server_tokens or server_header"));
  EXPECT_THAT(changed_by("apisix: {trusted_addresses: [10.0.0.0/8]}"), ElementsAre("apisix.trusted_addresses"));
  EXPECT_THAT(changed_by("apisix: {dns_resolver_valid: 9, resolver_timeout: 9}"),
              ElementsAre("apisix.dns_resolver_valid", "apisix.resolver_timeout"));
  EXPECT_THAT(changed_by("deployment: {embedded: {path: x.db}}"), ElementsAre("deployment.embedded.path"));
  EXPECT_THAT(changed_by("deployment: {role_traditional: {config_provider: yaml}}"),
              ElementsAre("deployment.role or its config_provider"));
  EXPECT_THAT(changed_by("nginx_config: {http: {client_max_body_size: 1m, underscores_in_headers: 'off'}}"),
              ElementsAre("nginx_config.http.client_max_body_size", "nginx_config.http.underscores_in_headers"));
}

// The file of the repository with everything that is commented out, but for sentences.
std::string whole_example() {
  const std::regex key(R"(^( *)# ( *(?:- )?[a-z_0-9]+:(?: .*)?)$)");
  std::istringstream lines(*read_file(std::string(SALLYPORT_SOURCE_DIR) + "/conf/config.yaml"));
  std::string whole;
  for (std::string line; std::getline(lines, line);) {
    const bool is_sentence = line.find(" resources are ") != std::string::npos;
    whole += (is_sentence ? "" : std::regex_replace(line, key, "$1$2")) + "\n";
  }
  return whole;
}

TEST(Settings, TheFileOfTheRepositoryShowsWhatThereIsAndItsDefaults) {
  const std::string whole = whole_example();
  EXPECT_THAT(whole, HasSubstr("\n    max_connections_per_address: 0"));
  EXPECT_THAT(problems_of(whole), IsEmpty());
  EXPECT_THAT(changed_by(whole),
              ElementsAre("apisix.proxy_protocol", "apisix.ssl", "apisix.dns_resolver_valid", "wasm.sources"))
      << "those have no default that could be shown";
}

TEST(Settings, WhatNeedsARestartStaysAsItIs) {
  Settings running = load("");
  Settings next = load("wasm: {engine: pulley, first_tier: 'off', max_metrics: 7}");
  const WasmSettings used = without_restart(running.wasm, next.wasm);
  EXPECT_EQ(used.engine, wasm::EngineKind::kWasmtime);
  EXPECT_EQ(used.first_tier, wasm::FirstTier::kAuto);
  EXPECT_EQ(used.code_cache, running.wasm.code_cache);
  EXPECT_EQ(used.max_metrics, 7);
}

}  // namespace
}  // namespace sallyport::app
