#include "plugins/wasm/live_modules.h"

#include "base/log.h"
#include "base/setting_text.h"
#include "plugins/wasm/failed_plugin.h"
#include "plugins/wasm/inline_plugins.h"
#include "plugins/wasm/module_facts.h"
#include "plugins/wasm/plugin_settings.h"
#include "plugins/wasm/wasm_plugin_types.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

using namespace std::string_view_literals;

constexpr std::array kOwnKeys{"priority"sv, "root_id"sv, "vm_config"sv};

// Members that stand in the entry itself rather than among the settings of the table.
void read_own(const json::Value& settings, DeclaredPlugin& plugin, std::vector<SettingProblem>& problems) {
  if (const json::Value* priority = settings.find("priority")) {
    bool fits = priority->is_integer() && priority->integer() >= std::numeric_limits<int>::min() &&
                priority->integer() <= std::numeric_limits<int>::max();
    if (fits) plugin.priority = static_cast<int>(priority->integer());
    if (!fits) problems.push_back({"/priority", "is no number of at most nine digits"});
  }
  if (const json::Value* root = settings.find("root_id")) {
    if (root->is_string()) plugin.root_id = root->string();
    if (!root->is_string()) problems.push_back({"/root_id", "is no text"});
  }
  plugin.vm_config = configuration_of(settings.find("vm_config"));
}

void refuse_unknown(const json::Value& settings, std::vector<SettingProblem>& problems) {
  std::vector<std::string_view> known = setting_keys(SettingPlace::kDeclared);
  known.insert(known.end(), kOwnKeys.begin(), kOwnKeys.end());
  for (const auto& [name, value] : settings.object()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    problems.push_back(
        {"/" + name, "is unknown" + did_you_mean(name, known) + "; docs/wasm.md has those that there are"});
  }
}

}  // namespace

Result<DeclaredPlugin> read_live_settings(const chain::LiveCode& code, const PluginSettings& defaults) {
  DeclaredPlugin plugin;
  plugin.name = code.name;
  plugin.settings = defaults;
  if (!code.settings.is_object()) return plugin;
  auto problems = read_plugin_settings(code.settings, SettingPlace::kInline, plugin.settings);
  read_own(code.settings, plugin, problems);
  refuse_unknown(code.settings, problems);
  if (problems.empty()) return plugin;
  return fail(ErrorCode::kInvalid, "invalid configuration: " + text_of(problems));
}

bool LiveModules::is_code(std::string_view bytes) const { return bytes.starts_with("\0asm"sv); }

Result<void> LiveModules::choose_vm_id(DeclaredPlugin& plugin) const {
  std::string& given = plugin.settings.vm.vm_id;
  TRY_STATUS(reserved_.check(plugin.name, given));
  const HeldVmIds& all = runtime_->vm_ids();
  const std::string of_its_own = "live:" + plugin.name;
  if (given.empty() ? all.is_given(plugin.name) : all.is_held(given)) {
    return fail(ErrorCode::kInvalid, "plugin " + plugin.name + ": vm_id " + vm_id_of(plugin) +
                                         " is that of a plugin which a route names; choose another one here or there");
  }
  if (!given.empty()) return {};
  const bool is_taken = reserved_.contains(plugin.name) || all.is_held(plugin.name);
  if (is_taken || all.was_put(of_its_own)) given = of_its_own;
  return {};
}

async::Task<Result<chain::LiveType>> LiveModules::make(chain::LiveCode code) {
  CO_TRY(DeclaredPlugin plugin, read_live_settings(code, defaults_));
  CO_TRY_STATUS(choose_vm_id(plugin));
  if (auto trouble = trouble_with_reload(plugin.settings); !trouble.empty()) {
    log::warn("plugin {}: fail {}", plugin.name, trouble);
  }
  CO_TRY(auto module, co_await runtime_->load_code("plugin " + code.name, std::move(code.sha256), std::move(code.read),
                                                   plugin.settings.policy.module_isolation()));
  CO_TRY_STATUS(co_await runtime_->try_start(spec_of(plugin, module)));
  chain::LiveType made;
  made.facts["abi_version"] = name_of(module->abi);
  if (std::string built = built_with(module->outline); !built.empty()) made.facts["built_with"] = std::move(built);
  runtime_->vm_ids().put(vm_id_of(plugin));
  made.type = make_declared_type(runtime_, std::move(plugin), std::move(module));
  co_return made;
}

std::shared_ptr<const chain::PluginType> LiveModules::make_failed(const chain::LiveCode& code, Error why) {
  auto plugin = read_live_settings(code, defaults_);
  if (plugin) {
    runtime_->vm_ids().put(vm_id_of(*plugin));
    return std::make_shared<const FailedPluginType>(*std::move(plugin), std::move(why));
  }
  DeclaredPlugin without_settings;
  without_settings.name = code.name;
  return std::make_shared<const FailedPluginType>(std::move(without_settings), std::move(why));
}

}  // namespace sallyport::wasm
