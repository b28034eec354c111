#include "plugins/wasm/inline_plugins.h"

#include "json/parse.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace sallyport::wasm {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "conf": {
      "type": "object",
      "properties": {
        "path": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1, "maxLength": 256},
        "config": {},
        "plugins": {
          "type": "array",
          "minItems": 1,
          "items": {
            "type": "object",
            "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 256},
              "priority": {"type": "integer"},
              "path": {"type": "string", "minLength": 1},
              "config": {}
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

InlinePlugin read_one(const json::Value& item) {
  InlinePlugin plugin;
  plugin.path = item.string_or("path", "");
  plugin.name = item.string_or("name", std::filesystem::path(plugin.path).stem().string());
  if (const json::Value* priority = item.find("priority")) plugin.priority = static_cast<int>(priority->integer());
  plugin.configuration = configuration_of(item.find("config"));
  return plugin;
}

bool lies_in(const std::filesystem::path& file, const std::filesystem::path& directory) {
  auto [end, rest] = std::mismatch(directory.begin(), directory.end(), file.begin(), file.end());
  return end == directory.end() && rest != file.end();
}

}  // namespace

const json::Schema& inline_schema() {
  static const json::Schema schema = json::Schema::must_compile(kSchema);
  return schema;
}

std::vector<InlinePlugin> read_inline_plugins(const json::Value& conf) {
  std::vector<InlinePlugin> plugins;
  const json::Value* inner = conf.find("conf");
  if (!inner) return plugins;
  const json::Value* list = inner->find("plugins");
  if (!list) return {read_one(*inner)};
  for (const json::Value& item : list->array()) plugins.push_back(read_one(item));
  return plugins;
}

std::string configuration_of(const json::Value* config) {
  if (!config || config->is_null()) return {};
  return config->is_string() ? config->string() : json::print(*config);
}

Result<std::string> allowed_path(std::string_view path, const std::string& prefix,
                                 const std::vector<std::string>& directories) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path written(path);
  fs::path file = fs::canonical(written.is_absolute() ? written : fs::path(prefix) / written, error);
  if (error) return fail(ErrorCode::kInvalid, std::string(path) + ": cannot be read: " + error.message());
  for (const std::string& directory : directories) {
    fs::path real = fs::canonical(directory, error);
    if (!error && lies_in(file, real)) return file.string();
  }
  return fail(ErrorCode::kInvalid, std::string(path) +
                                       ": lies outside of wasm.allowed_dirs; move it there, or name its "
                                       "directory in the boot file");
}

}  // namespace sallyport::wasm
