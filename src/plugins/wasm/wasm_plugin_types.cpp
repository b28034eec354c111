#include "plugins/wasm/wasm_plugin_types.h"

#include "base/log.h"
#include "plugins/wasm/failed_plugin.h"
#include "plugins/wasm/inline_plugins.h"
#include "plugins/wasm/plugin_settings.h"
#include "plugins/wasm/reserved_vm_ids.h"
#include "plugins/wasm/wasm_plugin.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

using chain::Place;
using chain::PluginInstance;
using chain::PluginPtr;

constexpr std::string_view kDeclaredSchema = R"({
  "type": "object",
  "properties": {
    "conf": {"oneOf": [{"type": "object", "minProperties": 1}, {"type": "string", "minLength": 1}]}
  },
  "required": ["conf"]
})";

const json::Schema& declared_schema() {
  static const json::Schema schema = json::Schema::must_compile(kDeclaredSchema);
  return schema;
}

VmSpec spec_of(std::string plugin, std::shared_ptr<const Module> module, std::string vm_config,
               const PluginSettings& settings) {
  const PluginLimits& limits = settings.policy.limits;
  VmSpec spec;
  spec.plugin = std::move(plugin);
  spec.module = std::move(module);
  spec.vm_config = std::move(vm_config);
  spec.limits.memory_bytes = limits.memory_bytes;
  spec.limits.cpu_budget = limits.cpu_budget;
  spec.start_budget = limits.start_budget;
  spec.max_instances = limits.max_instances;
  spec.is_fair = settings.policy.is_fair;
  spec.resets = settings.policy.isolation == Isolation::kRequest;
  spec.http_calls = limits.http_calls;
  spec.settings = settings.vm;
  return spec;
}

// Plugins that share a vm_id share its metrics: the one that may have most decides.
SharedStateLimits state_limits(const WasmSettings& settings) {
  SharedStateLimits limits = settings.state_limits;
  for (const DeclaredPlugin& plugin : settings.plugins) {
    if (!plugin.settings.max_metrics) continue;
    auto [own, is_new] = limits.max_metrics_of.try_emplace(vm_id_of(plugin), 0);
    own->second = std::max(own->second, *plugin.settings.max_metrics);
  }
  return limits;
}

async::Task<Result<PluginPtr>> make_plugin(Runtime& runtime, VmSpec spec, RootConf conf, std::string resource,
                                           PluginPolicy policy, HeldVmIds::Hold vm_id = nullptr) {
  auto roots = co_await runtime.configure(std::move(spec), std::move(conf), std::move(resource));
  if (!roots) co_return fail(std::move(roots).error());
  co_return std::make_shared<const WasmPlugin>(std::move(*roots), policy, std::move(vm_id));
}

// An entry of `wasm.plugins`.
class DeclaredPluginType final : public chain::PluginType {
 public:
  DeclaredPluginType(std::shared_ptr<Runtime> runtime, DeclaredPlugin declared, std::shared_ptr<const Module> module)
      : runtime_(std::move(runtime)), declared_(std::move(declared)), module_(std::move(module)) {}

  std::string_view name() const override { return declared_.name; }
  int priority() const override { return declared_.priority; }
  const json::Schema& schema() const override { return declared_schema(); }

  async::Task<Result<PluginPtr>> configure(const json::Value& conf, const Place& place) const override {
    RootConf root{declared_.name, declared_.root_id, configuration_of(conf.find("conf")),
                  declared_.settings.call_hosts};
    VmSpec spec = wasm::spec_of(declared_, module_);
    return make_plugin(*runtime_, std::move(spec), std::move(root), place.resource, declared_.settings.policy);
  }

 private:
  std::shared_ptr<Runtime> runtime_;
  DeclaredPlugin declared_;
  std::shared_ptr<const Module> module_;
};

// `wasm`.
class InlinePluginType final : public chain::PluginType {
 public:
  InlinePluginType(std::shared_ptr<Runtime> runtime, const WasmSettings& settings)
      : runtime_(std::move(runtime)),
        prefix_(settings.prefix),
        allowed_dirs_(settings.allowed_dirs),
        defaults_(settings.defaults),
        reserved_(settings) {
    if (!defaults_.max_metrics) defaults_.max_metrics = settings.state_limits.max_metrics;
  }

  std::string_view name() const override { return "wasm"; }
  int priority() const override { return 0; }
  const json::Schema& schema() const override { return inline_schema(); }

  async::Task<Result<PluginPtr>> configure(const json::Value& conf, const Place& place) const override {
    return configure_first(read_inline_plugins(conf, defaults_), place.resource);
  }

  async::Task<Result<std::vector<PluginInstance>>> instances(const json::Value& conf,
                                                             const Place& place) const override {
    return configure_all(read_inline_plugins(conf, defaults_), place.resource);
  }

 private:
  using InlinePlugins = Result<std::vector<InlinePlugin>>;

  async::Task<Result<PluginPtr>> configure_first(InlinePlugins plugins, std::string resource) const {
    if (!plugins) co_return fail(std::move(plugins).error());
    co_return co_await configure_one(std::move(plugins->front()), std::move(resource));
  }

  async::Task<Result<std::vector<PluginInstance>>> configure_all(InlinePlugins plugins, std::string resource) const {
    if (!plugins) co_return fail(std::move(plugins).error());
    std::vector<PluginInstance> instances;
    for (InlinePlugin& plugin : *plugins) {
      std::string name = plugin.name;
      int rank = plugin.priority.value_or(priority());
      auto configured = co_await configure_one(std::move(plugin), resource);
      if (!configured) co_return fail(std::move(configured).error());
      instances.push_back({std::move(name), rank, std::move(*configured)});
    }
    co_return instances;
  }

  async::Task<Result<PluginPtr>> configure_one(InlinePlugin plugin, std::string resource) const {
    CO_TRY(HeldVmIds::Hold vm_id, take_vm_id(plugin));
    warn_of_reload(plugin);
    CO_TRY(std::string path, allowed_path(plugin.path, prefix_, allowed_dirs_));
    CO_TRY(auto module, co_await runtime_->load(std::move(path), plugin.settings.policy.module_isolation()));
    VmSpec spec = spec_of(plugin.name, std::move(module), {}, plugin.settings);
    spec.max_metrics = *plugin.settings.max_metrics;
    RootConf conf{plugin.name, {}, std::move(plugin.configuration), plugin.settings.call_hosts};
    PluginPolicy policy = plugin.settings.policy;
    co_return co_await make_plugin(*runtime_, std::move(spec), std::move(conf), std::move(resource), policy,
                                   std::move(vm_id));
  }

  // Error: kInvalid, where it asks for that of a plugin which routes must not reach.
  Result<HeldVmIds::Hold> take_vm_id(InlinePlugin& plugin) const {
    std::string& given = plugin.settings.vm.vm_id;
    TRY_STATUS(reserved_.check(plugin.name, given));
    HeldVmIds& all = runtime_->vm_ids();
    if (!given.empty() && all.was_put(given)) {
      return fail(ErrorCode::kInvalid,
                  "plugin " + plugin.name + ": vm_id " + given +
                      " is that of a plugin which was put through the Admin API; choose another one");
    }
    if (!given.empty()) return all.hold(given, HeldVmIds::Origin::kGiven);
    if (reserved_.contains(plugin.name) || all.was_put(plugin.name)) given = "inline:" + plugin.name;
    return all.hold(given.empty() ? plugin.name : given, HeldVmIds::Origin::kName);
  }

  // Once for a name: there may be thousands of confs.
  void warn_of_reload(const InlinePlugin& plugin) const {
    const std::string_view trouble = trouble_with_reload(plugin.settings);
    if (!trouble.empty() && told_.insert(plugin.name).second) log::warn("plugin {}: fail {}", plugin.name, trouble);
  }

  std::shared_ptr<Runtime> runtime_;
  std::string prefix_;
  std::vector<std::string> allowed_dirs_;
  PluginSettings defaults_;
  ReservedVmIds reserved_;
  mutable std::set<std::string> told_;
};

// From the file that was fetched before.
std::shared_ptr<const chain::PluginType> fetched_type(const std::shared_ptr<Runtime>& runtime,
                                                      const DeclaredPlugin& plugin) {
  Error why{ErrorCode::kUnavailable, "plugin " + plugin.name + ": its module has not been fetched yet"};
  if (!plugin.file.empty()) {
    auto module = runtime->load_now(plugin.file, plugin.settings.policy.module_isolation());
    if (module && (*module)->hash == plugin.sha256) return make_declared_type(runtime, plugin, *std::move(module));
    why.what = "plugin " + plugin.name + ": what was fetched " + (module ? "has changed" : module.error().what);
  }
  return std::make_shared<const FailedPluginType>(plugin, std::move(why));
}

}  // namespace

async::Task<Result<std::shared_ptr<const chain::PluginType>>> make_fetched_type(
    std::shared_ptr<Runtime> runtime, DeclaredPlugin plugin, std::function<Result<std::string>()> read) {
  CO_TRY(auto module, co_await runtime->load_code("plugin " + plugin.name, plugin.sha256, std::move(read),
                                                  plugin.settings.policy.module_isolation()));
  CO_TRY_STATUS(co_await runtime->try_start(spec_of(plugin, module)));
  std::shared_ptr<const chain::PluginType> type =
      make_declared_type(std::move(runtime), std::move(plugin), std::move(module));
  co_return type;
}

std::unique_ptr<chain::PluginType> make_declared_type(std::shared_ptr<Runtime> runtime, DeclaredPlugin plugin,
                                                      std::shared_ptr<const Module> module) {
  return std::make_unique<DeclaredPluginType>(std::move(runtime), std::move(plugin), std::move(module));
}

// Metrics of what stands in the boot file are limited for its vm_id; those of what was put, for its VMs.
VmSpec spec_of(const DeclaredPlugin& plugin, std::shared_ptr<const Module> module) {
  VmSpec spec = spec_of(plugin.name, std::move(module), plugin.vm_config, plugin.settings);
  if (plugin.where.empty() && plugin.settings.max_metrics) spec.max_metrics = *plugin.settings.max_metrics;
  return spec;
}

Result<void> add_wasm_plugins(chain::Catalog& catalog, const WasmSettings& settings, std::shared_ptr<Runtime> runtime) {
  std::vector<std::shared_ptr<const chain::PluginType>> types;
  std::vector<FileToLoad> files;
  files.reserve(settings.plugins.size());
  for (const DeclaredPlugin& declared : settings.plugins) {
    if (!declared.file.empty()) files.push_back({declared.file, declared.settings.policy.module_isolation()});
  }
  const auto preloaded = runtime->preload_now(files);
  for (const DeclaredPlugin& declared : settings.plugins) {
    if (declared.is_fetched) {
      types.push_back(fetched_type(runtime, declared));
      continue;
    }
    auto module = runtime->load_now(declared.file, declared.settings.policy.module_isolation());
    if (!module) {
      std::string where = declared.where.empty() ? "" : declared.where + ": error: ";
      return fail_at(where + "wasm.plugins: " + declared.name, std::move(module).error());
    }
    types.push_back(make_declared_type(runtime, declared, std::move(*module)));
  }
  if (settings.inline_enabled) {
    types.push_back(std::make_unique<InlinePluginType>(runtime, settings));
  } else {
    catalog.explain_absence("wasm", "routes may name modules where the settings have wasm.enable: true");
  }
  for (auto& type : types) catalog.add(std::move(type));
  runtime->state().limit(state_limits(settings));
  return {};
}

}  // namespace sallyport::wasm
