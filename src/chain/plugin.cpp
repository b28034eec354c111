#include "chain/plugin.h"

namespace sallyport::chain {

Task<Result<std::vector<PluginInstance>>> PluginType::instances(const json::Value& conf, const Place& place) const {
  CO_TRY(PluginPtr plugin, co_await configure(conf, place));
  std::vector<PluginInstance> one;
  one.push_back(PluginInstance{std::string(name()), priority(), std::move(plugin)});
  co_return one;
}

}  // namespace sallyport::chain
