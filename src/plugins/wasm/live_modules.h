#pragma once
// Wasm plugins that are handed in while the gateway runs. Each is as if it stood in `wasm.plugins` of the boot file,
// with its settings beside its module, which may not go further than those of a plugin that a route names.

#include "chain/live_types.h"
#include "plugins/wasm/reserved_vm_ids.h"
#include "plugins/wasm/runtime.h"
#include "plugins/wasm/wasm_settings.h"

#include <memory>

namespace sallyport::wasm {

class LiveModules final : public chain::LiveTypes {
 public:
  LiveModules(std::shared_ptr<Runtime> runtime, const WasmSettings& settings)
      : runtime_(std::move(runtime)), defaults_(settings.defaults), reserved_(settings) {
    if (!defaults_.max_metrics) defaults_.max_metrics = settings.state_limits.max_metrics;
  }

  std::string_view kind() const override { return "wasm"; }
  std::string_view media_type() const override { return "application/wasm"; }
  bool is_code(std::string_view bytes) const override;
  async::Task<Result<chain::LiveType>> make(chain::LiveCode code) override;
  std::shared_ptr<const chain::PluginType> make_failed(const chain::LiveCode& code, Error why) override;

 private:
  // That of a plugin which the boot file declares or a route names is not for it. Error: kInvalid.
  Result<void> choose_vm_id(DeclaredPlugin& plugin) const;

  std::shared_ptr<Runtime> runtime_;
  PluginSettings defaults_;
  ReservedVmIds reserved_;
};

// The plugin that the settings of code describe. Error: kInvalid with every problem.
Result<DeclaredPlugin> read_live_settings(const chain::LiveCode& code, const PluginSettings& defaults);

}  // namespace sallyport::wasm
