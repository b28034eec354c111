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

std::string CallbackShape::expected() const { return plain(most_params, has_result).to_string(); }

}  // namespace sallyport::wasm
