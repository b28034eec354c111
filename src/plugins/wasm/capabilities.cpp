#include "plugins/wasm/capabilities.h"

#include <algorithm>

namespace sallyport::wasm {

std::shared_ptr<const Capabilities> Capabilities::of(const VmSettings& settings) {
  if (!settings.capabilities) return nullptr;
  return std::shared_ptr<const Capabilities>(new Capabilities(*settings.capabilities));
}

Capabilities::Capabilities(const std::vector<std::string>& names) {
  for (const std::string& name : names) allowed_.push_back(capability_of(name));
  std::ranges::sort(allowed_);
}

bool Capabilities::allows(std::uint64_t capability) const noexcept {
  return std::ranges::binary_search(allowed_, capability);
}

}  // namespace sallyport::wasm
