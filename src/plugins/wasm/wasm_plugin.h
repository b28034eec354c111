#pragma once
// One conf of a Wasm plugin inside one snapshot.

#include "chain/plugin.h"
#include "plugins/wasm/plugin_roots.h"
#include "plugins/wasm/wasm_settings.h"

#include <memory>

namespace sallyport::wasm {

class WasmPlugin final : public chain::Plugin {
 public:
  WasmPlugin(std::shared_ptr<PluginRoots> roots, PluginPolicy policy);

  chain::PhaseSet phases() const override { return phases_; }
  chain::Filter* make_filter(chain::Exchange& exchange) const override;
  bool edits_request_body() const override { return edits_request_body_; }
  bool edits_response_body() const override { return edits_response_body_; }

 private:
  std::shared_ptr<PluginRoots> roots_;
  PluginPolicy policy_;
  chain::PhaseSet phases_;
  bool edits_request_body_;
  bool edits_response_body_;
};

}  // namespace sallyport::wasm
