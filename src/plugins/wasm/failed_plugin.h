#pragma once
// A plugin whose module cannot be had: its confs are taken as they are, and each exchange meets a plugin that fails.

#include "chain/plugin.h"
#include "plugins/wasm/wasm_settings.h"

#include <string_view>
#include <utility>

namespace sallyport::wasm {

class FailedPluginType final : public chain::PluginType {
 public:
  FailedPluginType(DeclaredPlugin plugin, Error why) : plugin_(std::move(plugin)), why_(std::move(why)) {}

  std::string_view name() const override { return plugin_.name; }
  int priority() const override { return plugin_.priority; }
  const json::Schema& schema() const override;
  async::Task<Result<chain::PluginPtr>> configure(const json::Value& conf, const chain::Place& place) const override;

 private:
  DeclaredPlugin plugin_;
  Error why_;
};

}  // namespace sallyport::wasm
