// Plugins of the boot file whose modules are fetched: what is not there when the gateway starts is fetched beside it.

#include "app/gateway.h"
#include "app/gateway_options.h"
#include "base/log.h"
#include "plugins/wasm/wasm_plugin_types.h"

#include <algorithm>
#include <utility>

namespace sallyport::app {
namespace {

const WasmPluginSettings* find_plugin(const Settings& settings, const std::string& name) {
  auto found = std::ranges::find(settings.wasm.plugins, name, &WasmPluginSettings::name);
  return found == settings.wasm.plugins.end() ? nullptr : &*found;
}

}  // namespace

// `former`: the settings before, the same at the start.
void Gateway::watch_declared_sources(const Settings& former) {
  for (const WasmPluginSettings& plugin : former.wasm.plugins) {
    const WasmPluginSettings* now = find_plugin(settings_, plugin.name);
    if (plugin.source && !(now && now->source)) sources_->watcher().forget(plugin.name);
  }
  fetched_.clear();
  for (const WasmPluginSettings& plugin : settings_.wasm.plugins) {
    if (!plugin.source) continue;
    std::string hash = source_cache_->find(*plugin.source);
    source::Watcher::Present present;
    present.is_there = !hash.empty();
    if (present.is_there) fetched_[plugin.name] = std::move(hash);
    auto take = [this](std::string name, source::Spec spec, source::Fetched fetched) {
      return take_fetched(std::move(name), std::move(spec), std::move(fetched));
    };
    sources_->watcher().watch(plugin.name, *plugin.source, std::move(present), std::move(take));
  }
}

Task<Status> Gateway::take_fetched(std::string name, source::Spec spec, source::Fetched fetched) {
  const WasmPluginSettings* settings = find_plugin(settings_, name);
  auto known = fetched_.find(name);
  const bool is_there = known != fetched_.end();
  if (!settings || settings->source != spec || (is_there && known->second == fetched.sha256)) co_return Status();
  const WasmPluginSettings used = *settings;
  wasm::DeclaredPlugin plugin = declared_plugin(used);
  plugin.sha256 = fetched.sha256;
  auto read = [bytes = fetched.bytes]() -> Result<std::string> { return bytes; };
  CO_TRY(auto type, co_await wasm::make_fetched_type(wasm_runtime_, std::move(plugin), std::move(read)));
  auto lock = co_await changes_.lock();
  settings = find_plugin(settings_, name);
  if (!settings || *settings != used) co_return fail(ErrorCode::kConflict, "the settings have changed meanwhile");
  const auto misfits = is_there ? admin::LivePlugins::Misfits::kRefuse : admin::LivePlugins::Misfits::kLeave;
  CO_TRY_STATUS(co_await live_plugins_->put_type(std::move(type), misfits));
  fetched_[name] = fetched.sha256;
  if (Status kept = source_cache_->put(spec, fetched.bytes); !kept) {
    log::warn("{}; the next start has to fetch plugin {} again (wasm.sources.path)", kept.error().what, name);
  }
  co_return Status();
}

}  // namespace sallyport::app
