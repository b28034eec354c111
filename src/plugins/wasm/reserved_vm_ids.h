#pragma once
// The vm_ids of the plugins that the boot file declares. Their shared data is not for whoever writes routes or hands in
// plugins. Immutable.

#include "base/result.h"
#include "plugins/wasm/wasm_settings.h"

#include <set>
#include <string>

namespace sallyport::wasm {

inline const std::string& vm_id_of(const DeclaredPlugin& plugin) {
  const std::string& vm_id = plugin.settings.vm.vm_id;
  return vm_id.empty() ? plugin.name : vm_id;
}

class ReservedVmIds {
 public:
  explicit ReservedVmIds(const WasmSettings& settings) {
    for (const DeclaredPlugin& plugin : settings.plugins) vm_ids_.insert(vm_id_of(plugin));
  }

  bool contains(const std::string& vm_id) const { return vm_ids_.contains(vm_id); }
  // Of a plugin that is not declared, and asks for that one. Error: kInvalid.
  Result<void> check(const std::string& plugin, const std::string& vm_id) const {
    if (!contains(vm_id)) return {};
    return fail(ErrorCode::kInvalid, "plugin " + plugin + ": vm_id " + vm_id +
                                         " is that of a plugin which the boot file declares; choose another one");
  }

 private:
  std::set<std::string> vm_ids_;
};

}  // namespace sallyport::wasm
