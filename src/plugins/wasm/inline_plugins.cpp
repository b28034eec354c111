#include "plugins/wasm/inline_plugins.h"

#include "json/parse.h"
#include "plugins/wasm/plugin_settings.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace sallyport::wasm {
namespace {

// SETTINGS: those of one plugin.
constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "conf": {
      "type": "object",
      "properties": {
        "path": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1, "maxLength": 256},
        "config": {},
        SETTINGS,
        "plugins": {
          "type": "array",
          "minItems": 1,
          "items": {
            "type": "object",
            "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 256},
              "priority": {"type": "integer"},
              "path": {"type": "string", "minLength": 1},
              "config": {},
              SETTINGS
            },
            "required": ["path"]
          }
        }
      },
      "oneOf": [{"required": ["path"]}, {"required": ["plugins"]}]
    }
  },
  "required": ["conf"]
})";

std::string schema_text() {
  constexpr std::string_view kPlaceholder = "SETTINGS";
  std::string text(kSchema);
  for (auto at = text.find(kPlaceholder); at != std::string::npos; at = text.find(kPlaceholder)) {
    text.replace(at, kPlaceholder.size(), settings_schema(SettingPlace::kInline));
  }
  return text;
}

// `place` is that of `item` in the conf: "conf/plugins/1". Problems are added to `problems`.
InlinePlugin read_one(const json::Value& item, const std::string& place, const PluginSettings& most,
                      std::string& problems) {
  InlinePlugin plugin;
  plugin.path = item.string_or("path", "");
  plugin.name = item.string_or("name", std::filesystem::path(plugin.path).stem().string());
  if (const json::Value* priority = item.find("priority")) plugin.priority = static_cast<int>(priority->integer());
  plugin.configuration = configuration_of(item.find("config"));
  plugin.settings = most;
  const std::string own = text_of(read_plugin_settings(item, SettingPlace::kInline, plugin.settings), place);
  if (!own.empty()) problems += (problems.empty() ? "" : "; ") + own;
  return plugin;
}

bool lies_in(const std::filesystem::path& file, const std::filesystem::path& directory) {
  auto [end, rest] = std::mismatch(directory.begin(), directory.end(), file.begin(), file.end());
  return end == directory.end() && rest != file.end();
}

}  // namespace

const json::Schema& inline_schema() {
  static const json::Schema schema = json::Schema::must_compile(schema_text());
  return schema;
}

Result<std::vector<InlinePlugin>> read_inline_plugins(const json::Value& conf, const PluginSettings& most) {
  std::vector<InlinePlugin> plugins;
  std::string problems;
  const json::Value* inner = conf.find("conf");
  if (!inner) return plugins;
  if (const json::Value* list = inner->find("plugins")) {
    for (const json::Value& item : list->array()) {
      plugins.push_back(read_one(item, "conf/plugins/" + std::to_string(plugins.size()), most, problems));
    }
  } else {
    plugins.push_back(read_one(*inner, "conf", most, problems));
  }
  if (!problems.empty()) return fail(ErrorCode::kInvalid, std::move(problems));
  return plugins;
}

std::string configuration_of(const json::Value* config) {
  if (!config || config->is_null()) return {};
  return config->is_string() ? config->string() : json::print(*config);
}

Result<std::string> allowed_path(std::string_view path, const std::string& prefix,
                                 const std::vector<std::string>& directories) {
  namespace fs = std::filesystem;
  if (path.find("://") != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, std::string(path) +
                                         ": is an address, and a route names files alone; give it as source of a "
                                         "plugin of its own, through the Admin API or in the boot file");
  }
  std::error_code error;
  const fs::path written = fs::path(prefix) / path;  // an absolute path takes the place of the prefix
  const fs::path file = fs::canonical(written, error);
  if (error) return fail(ErrorCode::kInvalid, written.string() + ": cannot be read: " + error.message());
  for (const std::string& directory : directories) {
    fs::path real = fs::canonical(directory, error);
    if (!error && lies_in(file, real)) return file.string();
  }
  return fail(ErrorCode::kInvalid, std::string(path) +
                                       ": lies outside of wasm.allowed_dirs; move it there, or name its "
                                       "directory in the boot file");
}

}  // namespace sallyport::wasm
