// Whatever the bytes of a module: what is read of it stays within it, and what the host makes of a module that it can
// read is one that it can read, too, with the same imports and the same exports first.

#include "plugins/wasm/bounded_module.h"
#include "plugins/wasm/isolated_module.h"
#include "plugins/wasm/module_facts.h"
#include "plugins/wasm/module_reader.h"
#include "require.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace {

using namespace sallyport;

void require_same_import(const wasm::ModuleImport& a, const wasm::ModuleImport& b) {
  require(a.module == b.module && a.name == b.name && a.kind == b.kind);
}

void require_same_export(const wasm::ModuleExport& a, const wasm::ModuleExport& b) {
  require(a.name == b.name && a.kind == b.kind && a.index == b.index);
}

void require_kept(const wasm::ModuleOutline& of, std::string_view changed) {
  auto outline = wasm::read_module(changed);
  require(outline.has_value());
  require(outline->imports.size() == of.imports.size() && outline->exports.size() >= of.exports.size());
  for (std::size_t i = 0; i < of.imports.size(); ++i) require_same_import(outline->imports[i], of.imports[i]);
  for (std::size_t i = 0; i < of.exports.size(); ++i) require_same_export(outline->exports[i], of.exports[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto bounded = wasm::bounded_module(bytes, "machine code");
  const auto outline = wasm::read_module(bytes);
  if (!outline) return 0;
  require(outline->imports.size() + outline->exports.size() + outline->producers.size() <= size);
  wasm::built_with(*outline);
  if (bounded) require_kept(*outline, bounded->bytes);
  if (auto isolated = wasm::isolated_module(bytes)) require_kept(*outline, *isolated);
  return 0;
}
