#include "plugins/wasm/state_exposition.h"

#include <fmt/format.h>

#include <iterator>

namespace sallyport::wasm {
namespace {

// As it may stand between quotes.
std::string label_value(std::string_view text) {
  std::string value;
  for (char c : text) {
    if (c == '\\' || c == '"') value += '\\';
    if (c == '\n')
      value += "\\n";
    else
      value += c;
  }
  return value;
}

struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::uint64_t (*read)(const PluginState& plugin);
};

constexpr Family kFamilies[] = {
    {"shared_data_bytes", "gauge", "Keys and values that a plugin keeps in its shared data",
     [](const PluginState& plugin) { return plugin.data.usage().bytes; }},
    {"shared_data_keys", "gauge", "Keys in a plugin's shared data",
     [](const PluginState& plugin) { return plugin.data.usage().keys; }},
    {"shared_data_evictions_total", "counter", "Keys of shared data that made room for others",
     [](const PluginState& plugin) { return plugin.data.usage().evictions; }},
    {"shared_data_refusals_total", "counter", "Writes to shared data for which there was no room",
     [](const PluginState& plugin) { return plugin.data.usage().refusals; }},
};

}  // namespace

std::string expose(const SharedState& state) {
  std::string text;
  for (const Family& family : kFamilies) {
    std::string lines;
    state.for_each([&](const std::string& vm_id, const PluginState& plugin) {
      fmt::format_to(std::back_inserter(lines), "sallyport_wasm_{}{{plugin=\"{}\"}} {}\n", family.name,
                     label_value(vm_id), family.read(plugin));
    });
    if (lines.empty()) continue;
    fmt::format_to(std::back_inserter(text), "# HELP sallyport_wasm_{0} {1}\n# TYPE sallyport_wasm_{0} {2}\n{3}",
                   family.name, family.help, family.type, lines);
  }
  return text;
}

}  // namespace sallyport::wasm
