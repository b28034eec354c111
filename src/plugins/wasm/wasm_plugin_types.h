#pragma once
// The names under which Wasm plugins stand in `plugins` objects: each declared plugin under its own, with the conf
// {"conf": text or object}; and, where it is enabled, `wasm` for plugins that name their file where they are used:
// {"conf": {"path", "name", "config"}} or {"conf": {"plugins": [{"name", "priority", "path", "config"}]}}.

#include "base/result.h"
#include "chain/catalog.h"
#include "plugins/wasm/runtime.h"
#include "plugins/wasm/wasm_settings.h"

#include <functional>
#include <memory>
#include <string>

namespace sallyport::wasm {

// The type of one plugin with its module, and what its VMs are made of.
std::unique_ptr<chain::PluginType> make_declared_type(std::shared_ptr<Runtime> runtime, DeclaredPlugin plugin,
                                                      std::shared_ptr<const Module> module);
VmSpec spec_of(const DeclaredPlugin& plugin, std::shared_ptr<const Module> module);

// The type of a declared plugin whose code has been fetched, compiled and started once away from the control thread.
// `read` is called on any thread. Error: kInvalid with the reason.
async::Task<Result<std::shared_ptr<const chain::PluginType>>> make_fetched_type(
    std::shared_ptr<Runtime> runtime, DeclaredPlugin plugin, std::function<Result<std::string>()> read);

// Compiles every declared plugin, on the calling thread. One that is fetched and is not there, or not good, fails in
// each exchange, as its settings say what a failure does. Error: kInvalid with the name of the plugin that cannot be
// loaded and why; then the catalog has none of them.
Result<void> add_wasm_plugins(chain::Catalog& catalog, const WasmSettings& settings, std::shared_ptr<Runtime> runtime);

}  // namespace sallyport::wasm
