#include "snapshot/compiled_plugins.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sallyport::snapshot {
namespace {

std::shared_ptr<const CompiledPlugin> find(const CompiledPluginsPtr& plugins, const std::string& name) {
  if (!plugins) return nullptr;
  auto found = std::ranges::find_if(*plugins, [&](const auto& plugin) { return plugin->name == name; });
  return found == plugins->end() ? nullptr : *found;
}

// Whether what was compiled before does for `written`, too.
bool is_kept(const CompiledPlugin& old, const resources::PluginConf& written, const chain::Catalog& catalog,
             Reuse reuse) {
  if (reuse == Reuse::kNothing || old.conf != written.conf) return false;
  return reuse == Reuse::kSameConf || old.type == catalog.share(written.name);
}

Task<Result<std::shared_ptr<const CompiledPlugin>>> compile_plugin(const chain::Catalog& catalog,
                                                                   const resources::PluginConf& written,
                                                                   std::string resource,
                                                                   std::shared_ptr<const CompiledPlugin> old) {
  std::optional<chain::Chain> predecessor;
  if (old) predecessor.emplace(old->links);
  json::Object alone;
  alone[written.name] = written.conf;
  auto links =
      co_await chain::compile_links(catalog, alone, std::move(resource), predecessor ? &*predecessor : nullptr);
  if (!links) co_return fail(std::move(links).error());
  co_return std::make_shared<const CompiledPlugin>(
      CompiledPlugin{written.name, catalog.share(written.name), written.conf, std::move(*links)});
}

}  // namespace

ChosenConfs choose_confs(std::initializer_list<const resources::PluginConfs*> places) {
  ChosenConfs chosen;
  for (const resources::PluginConfs* place : places) {
    if (!place) continue;
    for (const resources::PluginConf& conf : *place) {
      auto same = std::ranges::find_if(chosen, [&](const auto* other) { return other->name == conf.name; });
      if (same == chosen.end()) {
        chosen.push_back(&conf);
      } else {
        *same = &conf;
      }
    }
  }
  return chosen;
}

Task<Result<CompiledPluginsPtr>> compile_plugins(const chain::Catalog& catalog, UnknownPlugins unknown,
                                                 ChosenConfs plugins, std::string resource, CompiledPluginsPtr previous,
                                                 Reuse reuse) {
  auto compiled = std::make_shared<CompiledPlugins>();
  compiled->reserve(plugins.size());
  for (const resources::PluginConf* written : plugins) {
    if (unknown == UnknownPlugins::kSkip && !catalog.find(written->name)) continue;
    std::shared_ptr<const CompiledPlugin> old = find(previous, written->name);
    if (old && is_kept(*old, *written, catalog, reuse)) {
      compiled->push_back(std::move(old));
      continue;
    }
    auto made = co_await compile_plugin(catalog, *written, resource, std::move(old));
    if (!made) co_return fail(std::move(made).error());
    compiled->push_back(std::move(*made));
  }
  if (previous && *previous == *compiled) co_return previous;
  co_return compiled;
}

std::vector<chain::Link> links_of(const CompiledPlugins& plugins) {
  std::vector<chain::Link> links;
  links.reserve(plugins.size());
  for (const auto& plugin : plugins) {
    for (const chain::Link& link : plugin->links) {
      links.insert(std::ranges::upper_bound(links, link.priority, std::ranges::greater{}, &chain::Link::priority),
                   link);
    }
  }
  return links;
}

}  // namespace sallyport::snapshot
