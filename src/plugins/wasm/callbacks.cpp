#include "plugins/wasm/callbacks.h"

#include <algorithm>

namespace sallyport::wasm {
namespace {

Signature plain(std::size_t params, bool has_result) {
  return {std::vector(params, ValueType::kI32), std::vector(has_result ? 1 : 0, ValueType::kI32)};
}

}  // namespace

bool CallbackShape::fits(const Signature& signature) const {
  std::size_t params = signature.params.size();
  return params >= least_params && params <= most_params && signature == plain(params, has_result);
}

const ModuleExport* CallbackShape::find(const ModuleOutline& outline) const {
  const ModuleExport* found = outline.find_export(name);
  return found || other_name.empty() ? found : outline.find_export(other_name);
}

std::string CallbackShape::expected() const { return plain(most_params, has_result).to_string(); }

}  // namespace sallyport::wasm
