#include "plugins/wasm/module_facts.h"

#include <algorithm>
#include <array>

namespace sallyport::wasm {
namespace {

struct Language {
  std::string_view producer;  // as the section "producers" begins to name it
  std::string_view name;
};

// The first that fits; Go's own compiler names the language beside itself.
constexpr std::array kLanguages{Language{"TinyGo", "Go"},
                                Language{"Go", "Go"},
                                Language{"rustc", "Rust"},
                                Language{"emcc", "C++"},
                                Language{"Zig", "Zig"},
                                Language{"zig", "Zig"},
                                Language{"AssemblyScript", "AssemblyScript"}};

// "1.96.0 (ac68faa20 2026-05-25)" as "1.96.0".
std::string_view short_version(std::string_view version) { return version.substr(0, version.find_first_of(" (")); }

std::string described(std::string_view language, const Producer& producer) {
  std::string text(language);
  if (producer.name == language) return producer.version.empty() ? text : text + " (" + producer.version + ")";
  return text + " (" + producer.name + " " + std::string(short_version(producer.version)) + ")";
}

}  // namespace

std::string_view name_of(AbiVersion version) {
  switch (version) {
    case AbiVersion::k010:
      return "0.1.0";
    case AbiVersion::k020:
      return "0.2.0";
    case AbiVersion::k021:
      break;
  }
  return "0.2.1";
}

std::string built_with(const ModuleOutline& outline) {
  for (const Language& language : kLanguages) {
    for (const Producer& producer : outline.producers) {
      if (producer.name.starts_with(language.producer)) return described(language.name, producer);
    }
  }
  for (const Producer& producer : outline.producers) {
    auto at = producer.name.find("clang");
    if (at != std::string::npos) return described("C or C++", {producer.name.substr(at), producer.version});
  }
  bool has_runtime = outline.find_export("__rtti_base") || outline.find_export("__pin");
  return has_runtime ? "AssemblyScript" : "";
}

}  // namespace sallyport::wasm
