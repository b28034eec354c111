#include "chain/merge_plugins.h"

namespace sallyport::chain {

json::Object merge_plugins(const json::Object& service, const json::Object& plugin_config, const json::Object& route) {
  json::Object merged = service;
  for (const json::Object* stronger : {&plugin_config, &route}) {
    for (const auto& [name, conf] : *stronger) merged[name] = conf;
  }
  return merged;
}

}  // namespace sallyport::chain
