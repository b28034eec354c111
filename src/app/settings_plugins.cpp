#include "app/settings_parts.h"
#include "base/setting_text.h"
#include "chain/catalog.h"
#include "plugins/native/native_plugins.h"
#include "plugins/wasm/plugin_settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>

namespace sallyport::app {
namespace {

constexpr std::string_view kUsualModuleFolder = "/opt/apisix/wasm";

void read_names(Section& section, std::optional<std::vector<std::string>>& to) {
  if (!section.has("plugins")) return void(section.at("plugins"));
  std::vector<std::string> names;
  section.read("plugins", names);
  to = std::move(names);
}

std::vector<std::string> built_in_plugins() {
  chain::Catalog natives;
  plugins::native::add_native_plugins(natives);
  std::vector<std::string> names{"wasm"};
  for (const chain::PluginType* type : natives.by_priority()) names.emplace_back(type->name());
  return names;
}

bool is_built_in(std::string_view name) {
  const auto names = built_in_plugins();
  return std::ranges::find(names, name) != names.end();
}

// A list that comes from APISIX may name plugins that guard routes there and are not here.
void warn_of_absent_plugins(Section section, const Settings& settings) {
  std::vector<std::string> here = built_in_plugins();
  std::ranges::transform(settings.wasm.plugins, std::back_inserter(here), &WasmPluginSettings::name);
  const std::vector<std::string_view> known(here.begin(), here.end());
  std::vector<std::string> absent;
  for (std::size_t i = 0; i < settings.plugins->size(); ++i) {
    const std::string& name = (*settings.plugins)[i];
    if (std::ranges::find(here, name) != here.end()) continue;
    if (const std::string hint = did_you_mean(name, known); hint.empty()) {
      absent.push_back(name);
    } else {
      section.problems().warn(section.below(fmt::format("/plugins/{}", i)),
                              fmt::format("is {}, which this gateway does not have{}", name, hint));
    }
  }
  if (absent.empty()) return;
  section.warn("plugins", fmt::format("names plugins that this gateway does not have: {}; stored routes are served "
                                      "without them, until plugins of these names are put through the Admin API",
                                      fmt::join(absent, ", ")));
}

void read_prometheus(Section attributes, PrometheusSettings& prometheus) {
  attributes.read("enable_export_server", prometheus.export_server);
  read_listen(attributes, "export_addr", prometheus.listen);
  attributes.read("export_uri", prometheus.export_uri);
  attributes.read("metric_prefix", prometheus.metric_prefix);
  if (!prometheus.export_uri.starts_with('/')) attributes.error("export_uri", "must begin with a /");
  attributes.finish({"metrics", "default_buckets", "refresh_interval", "fetch_metric_timeout", "allow_degradation",
                     "degradation_pause_steps", "llm_latency_buckets", "llm_prompt_tokens_buckets",
                     "llm_completion_tokens_buckets", "ai_cache_embedding_latency_buckets"});
}

void read_plugin_attr(Section attributes, Settings& settings) {
  read_prometheus(attributes.section("prometheus"), settings.prometheus);
  // Plugins of the user's own may have attributes here, and names that are alike.
  attributes.finish({"log-rotate", "skywalking", "opentelemetry", "zipkin", "proxy-mirror", "redirect", "inspect",
                     "server-info", "dubbo-proxy", "public-api", "azure-functions", "openfunction", "limit-conn",
                     "limit-count", "limit-req", "ai-proxy", "batch-requests", "example-plugin"},
                    Severity::kWarning);
}

// The settings that plugins can have, where the file says something about all or about one.
void read_settings(Section& section, wasm::SettingPlace place, wasm::PluginSettings& to) {
  for (std::string_view key : wasm::setting_keys(place)) section.at(key);
  if (!section.value()) return;
  for (const wasm::SettingProblem& problem : wasm::read_plugin_settings(*section.value(), place, to)) {
    section.problems().error(section.below(problem.pointer), problem.what);
  }
}

void read_source(Section& section, WasmPluginSettings& plugin) {
  const Setting source = section.at("source");
  if (!source.value) return;
  if (!plugin.file.empty()) section.error("source", "stands beside file; give one of them");
  std::vector<source::SpecProblem> problems;
  source::Spec spec = source::read_spec(*source.value, problems);
  for (const source::SpecProblem& problem : problems) {
    section.problems().error(section.below("/source" + problem.pointer), problem.what);
  }
  if (problems.empty()) plugin.source = std::move(spec);
}

void read_wasm_plugin(Section section, const Settings& settings, std::vector<WasmPluginSettings>& to) {
  WasmPluginSettings plugin;
  std::int64_t priority = 0;
  section.read("name", plugin.name);
  section.read("root_id", plugin.root_id);
  section.read_number("priority", priority, std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  section.read("file", plugin.file);
  read_source(section, plugin);
  plugin.settings = settings.wasm.defaults;
  read_settings(section, wasm::SettingPlace::kDeclared, plugin.settings);
  if (auto trouble = wasm::trouble_with_reload(plugin.settings); !trouble.empty()) {
    section.warn("fail", std::string(trouble));
  }
  if (const Setting config = section.at("vm_config"); config.value) plugin.vm_config = *config.value;
  section.finish();

  if (plugin.name.empty()) section.error("name", "is missing; give the name that routes use for this plugin");
  if (plugin.file.empty() && !section.has("source")) {
    section.error("file", "is missing; give the path of the module, or a source");
  }
  const bool known = std::any_of(to.begin(), to.end(), [&](const auto& other) { return other.name == plugin.name; });
  if (known) section.error("name", fmt::format("is {} a second time; names must differ", plugin.name));
  if (is_built_in(plugin.name)) {
    section.error("name", fmt::format("is {}, a plugin of the gateway itself; give another one", plugin.name));
  }
  plugin.priority = static_cast<int>(priority);
  if (!plugin.file.empty()) plugin.file = below_prefix(settings, plugin.file);
  plugin.where = section.where();
  to.push_back(std::move(plugin));
}

void read_shared_data(Section section, WasmSharedDataSettings& to) {
  section.read_size("max_bytes", to.max_bytes);
  section.read_number("max_keys", to.max_keys, 0, std::numeric_limits<std::int64_t>::max());
  section.read_choice<Eviction>("eviction", to.eviction,
                                {{"none", Eviction::kNone}, {"lru", Eviction::kLeastRecentlyUsed}});
  section.finish();
}

void read_shared_queues(Section section, WasmSharedQueueSettings& to) {
  section.read_size("max_bytes", to.max_bytes);
  section.read_number("max_items", to.max_items, 0, std::numeric_limits<std::int64_t>::max());
  section.finish();
}

void read_uploads(Section section, WasmUploadSettings& to) {
  section.read_size("max_size", to.max_bytes);
  section.read_number("keep_versions", to.keep_versions, 1, 1000);
  section.finish();
}

void read_code_cache(Section section, const Settings& settings, WasmCodeCacheSettings& to) {
  to.folder = "data/wasm-code";
  section.read("path", to.folder);
  to.folder = below_prefix(settings, to.folder);
  section.read_size("max_size", to.max_bytes);
  section.finish();
}

void read_sources(Section section, const Settings& settings, WasmSourceSettings& to) {
  to.folder = "data/wasm-sources";
  section.read("path", to.folder);
  to.folder = below_prefix(settings, to.folder);
  section.read("trusted_certificate", to.trusted_certificates);
  const bool is_file = !to.trusted_certificates.empty() && to.trusted_certificates != "system";
  if (is_file) to.trusted_certificates = below_prefix(settings, to.trusted_certificates);
  section.finish();
}

void read_engine(Section& section, wasm::EngineKind& to, std::string& where) {
  std::string name(wasm::name_of(to));
  section.read("engine", name);
  if (section.has("engine")) where = section.problems().where(section.at("engine"));
  if (auto kind = wasm::engine_named(name)) {
    to = *kind;
  } else {
    section.error("engine", fmt::format("is \"{}\"; give one of: {}", name, wasm::engine_names()));
  }
}

void read_wasm(Section section, Settings& settings) {
  WasmSettings& to = settings.wasm;
  const auto& names = settings.plugins;
  to.inline_enabled = names && std::find(names->begin(), names->end(), "wasm") != names->end();
  section.read("enable", to.inline_enabled);
  read_engine(section, to.engine, to.engine_where);
  to.allowed_dirs = {settings.prefix, std::string(kUsualModuleFolder)};
  section.read("allowed_dirs", to.allowed_dirs);
  for (std::string& folder : to.allowed_dirs) folder = below_prefix(settings, folder);
  read_settings(section, wasm::SettingPlace::kDefaults, to.defaults);
  read_shared_data(section.section("shared_data"), to.shared_data);
  read_shared_queues(section.section("shared_queues"), to.shared_queues);
  read_uploads(section.section("uploads"), to.uploads);
  read_code_cache(section.section("code_cache"), settings, to.code_cache);
  read_sources(section.section("sources"), settings, to.sources);
  section.read_choice<wasm::FirstTier>("first_tier", to.first_tier,
                                       {{"auto", wasm::FirstTier::kAuto}, {"off", wasm::FirstTier::kOff}});
  section.read_number("max_metrics", to.max_metrics, 0, 16384);
  for (const Setting& plugin : section.list("plugins")) {
    read_wasm_plugin({section.problems(), plugin}, settings, to.plugins);
  }
  section.finish();
}

}  // namespace

void read_plugins(Section& file, Settings& settings) {
  Section apisix = file.section("apisix");
  read_names(apisix, settings.plugins);
  read_names(file, settings.plugins);
  read_plugin_attr(file.section("plugin_attr"), settings);
  read_wasm(file.section("wasm"), settings);
  if (settings.plugins) warn_of_absent_plugins(file.has("plugins") ? file : apisix, settings);
}

}  // namespace sallyport::app
