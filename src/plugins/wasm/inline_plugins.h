#pragma once
// The conf of `wasm`: which files run as which plugins. Pure functions of JSON and of the file system.

#include "base/result.h"
#include "json/schema.h"
#include "json/value.h"
#include "plugins/wasm/wasm_settings.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

struct InlinePlugin {
  std::string name;  // by default that of its file without the ending
  std::optional<int> priority;
  std::string path;           // as written
  std::string configuration;  // bytes for the plugin
  PluginSettings settings;
};

const json::Schema& inline_schema();

// `conf` has passed the schema; plugins have the settings `most` where they ask for less. Error: kInvalid with the
// place of every setting that is wrong, and what to do.
Result<std::vector<InlinePlugin>> read_inline_plugins(const json::Value& conf, const PluginSettings& most);

// What a plugin is configured with: text as it is, anything else as JSON, nothing as nothing.
std::string configuration_of(const json::Value* config);

// The real path of a file that lies in one of `directories` after every link is followed; relative ones start at
// `prefix`. Error: kInvalid with the path and what to do.
Result<std::string> allowed_path(std::string_view path, const std::string& prefix,
                                 const std::vector<std::string>& directories);

}  // namespace sallyport::wasm
