#pragma once
// Which host functions a VM may call, where its settings say so. Immutable, shared by all threads.

#include "plugins/wasm/wasm_settings.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

// FNV-1a; so that a host call costs no comparison of texts.
constexpr std::uint64_t capability_of(std::string_view name) {
  std::uint64_t hash = 14695981039346656037ull;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

// What ends a guest, what languages need within themselves, and what tells of neither the gateway nor the world.
constexpr bool is_always_allowed(std::string_view name) {
  constexpr std::string_view kNames[] = {"proc_exit",     "abort", "trace",
                                         "pthread_equal", "seed",  "emscripten_notify_memory_growth"};
  for (std::string_view allowed : kNames) {
    if (name == allowed) return true;
  }
  return false;
}

class Capabilities {
 public:
  // Null when everything is allowed.
  static std::shared_ptr<const Capabilities> of(const VmSettings& settings);

  bool allows(std::uint64_t capability) const noexcept;

 private:
  explicit Capabilities(const std::vector<std::string>& names);
  std::vector<std::uint64_t> allowed_;  // ordered
};

}  // namespace sallyport::wasm
