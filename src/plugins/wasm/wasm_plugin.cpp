#include "plugins/wasm/wasm_plugin.h"

#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/fair_filter.h"
#include "plugins/wasm/wasm_filter.h"

namespace sallyport::wasm {
namespace {

bool exports(const ModuleOutline& outline, Callback callback) {
  return outline.find_function(shape_of(callback).name) != nullptr;
}

// Callbacks that the module does not export cost nothing. Body callbacks are called from the phase of the headers, too,
// when a plugin asks for the whole body there.
chain::PhaseSet phases_of(const ModuleOutline& outline, RequestPhase request_phase) {
  chain::PhaseSet phases{chain::Phase::kLog};
  if (exports(outline, Callback::kRequestHeaders)) {
    phases.add(request_phase == RequestPhase::kRewrite ? chain::Phase::kRewrite : chain::Phase::kAccess);
  }
  if (exports(outline, Callback::kRequestBody)) phases.add(chain::Phase::kRequestBody);
  if (exports(outline, Callback::kRequestTrailers)) phases.add(chain::Phase::kRequestTrailers);
  if (exports(outline, Callback::kResponseHeaders)) phases.add(chain::Phase::kResponseHeaders);
  if (exports(outline, Callback::kResponseBody)) phases.add(chain::Phase::kResponseBody);
  if (exports(outline, Callback::kResponseTrailers)) phases.add(chain::Phase::kResponseTrailers);
  return phases;
}

}  // namespace

WasmPlugin::WasmPlugin(std::shared_ptr<PluginRoots> roots, PluginPolicy policy, HeldVmIds::Hold vm_id)
    : roots_(std::move(roots)), vm_id_(std::move(vm_id)), policy_(policy) {
  const ModuleOutline& outline = roots_->spec().module->outline;
  phases_ = phases_of(outline, policy_.request_phase);
  bool edits = outline.imports_function("proxy_set_buffer_bytes");
  edits_request_body_ = edits && phases_.has(chain::Phase::kRequestBody);
  edits_response_body_ = edits && phases_.has(chain::Phase::kResponseBody);
}

chain::Filter* WasmPlugin::make_filter(chain::Exchange& exchange) const {
  if (exchange.worker >= roots_->size()) return nullptr;  // only checked, never served
  VmSource source{roots_->at(exchange.worker), roots_->sandboxes(exchange.worker), roots_->image()};
  if (policy_.is_fair) return &exchange.arena.make<FairFilter>(source, policy_, exchange);
  return &exchange.arena.make<WasmFilter>(source, policy_, exchange);
}

}  // namespace sallyport::wasm
