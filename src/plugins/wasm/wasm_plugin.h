#pragma once
// One conf of a Wasm plugin inside one snapshot.

#include "chain/plugin.h"
#include "plugins/wasm/held_vm_ids.h"
#include "plugins/wasm/plugin_roots.h"
#include "plugins/wasm/wasm_settings.h"

#include <memory>

namespace sallyport::wasm {

class WasmPlugin final : public chain::Plugin {
 public:
  // `vm_id`: of a plugin that a route names.
  WasmPlugin(std::shared_ptr<PluginRoots> roots, PluginPolicy policy, HeldVmIds::Hold vm_id = nullptr);

  chain::PhaseSet phases() const override { return phases_; }
  chain::Filter* make_filter(chain::Exchange& exchange) const override;
  bool edits_request_body() const override { return edits_request_body_; }
  bool edits_response_body() const override { return edits_response_body_; }

 private:
  std::shared_ptr<PluginRoots> roots_;
  HeldVmIds::Hold vm_id_;
  PluginPolicy policy_;
  chain::PhaseSet phases_;
  bool edits_request_body_;
  bool edits_response_body_;
};

}  // namespace sallyport::wasm
