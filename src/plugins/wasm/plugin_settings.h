#pragma once
// The settings that a plugin can have beside its file and its conf: one table of their keys, how each is read from
// JSON, and how far a route may go with it. The boot file's section `wasm` (defaults for all), its list `wasm.plugins`
// and plugins that a route names inline are read by it. Pure functions.

#include "json/value.h"
#include "plugins/wasm/wasm_settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

enum class SettingPlace : unsigned char {
  kDefaults,  // `wasm` itself
  kDeclared,  // an entry of `wasm.plugins`
  kInline,    // the conf of a route, which is written by others than the boot file
};

struct SettingProblem {
  std::string pointer;  // below the object that was read, "/env/KEY"
  std::string what;     // goes on after the name: "is no size: \"big\"; write ..."
};

// The keys that may stand at `place`.
std::vector<std::string_view> setting_keys(SettingPlace place);

// They as members of "properties" in a JSON Schema, `"fail": {"type": "string"}, ...`: their types; what else is wrong
// with a value is told by `read_plugin_settings`, with what to do about it.
std::string settings_schema(SettingPlace place);

// Reads the settings among the members of `object`, and leaves other members alone. `to` has the defaults; inline ones
// must not exceed them, since whoever writes routes is not who runs the gateway. Every problem is told.
std::vector<SettingProblem> read_plugin_settings(const json::Value& object, SettingPlace place, PluginSettings& to);

// Why `fail: reload` does not do in this plugin what it says, going on after the name; empty: it does.
std::string_view trouble_with_reload(const PluginSettings& settings);

// All of them as one text, "conf/fail is ...; conf/env is ..."; `place`: where the object stands, or empty.
std::string text_of(const std::vector<SettingProblem>& problems, std::string_view place = {});

}  // namespace sallyport::wasm
