#include "resources/plugin_confs.h"

#include "json/parse.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::resources {

const json::Value* find_conf(const PluginConfs& confs, std::string_view plugin) noexcept {
  auto found = std::ranges::find(confs, plugin, &PluginConf::name);
  return found == confs.end() ? nullptr : &found->conf;
}

Result<PluginConfs> plugin_confs_from(const json::Value& resource) {
  PluginConfs confs;
  const json::Value* plugins = resource.find("plugins");
  if (!plugins || !plugins->is_object()) return confs;
  for (const auto& [name, conf] : plugins->object()) {
    if (!conf.is_object()) {
      return fail(ErrorCode::kInvalid, fmt::format("invalid plugin conf {} for plugin [{}]", json::print(conf), name));
    }
    confs.push_back({name, conf});
  }
  return confs;
}

}  // namespace sallyport::resources
