// What the runtimes of languages import beside the ABI: AssemblyScript's abort, seed and trace, Emscripten's remains.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <random>

namespace sallyport::wasm::abi {
namespace {

// An AssemblyScript string: UTF-16, its size in bytes stands in the four bytes before it. Others than ASCII show as
// `?`.
std::string assembly_script_text(Vm& vm, std::uint32_t at) {
  static constexpr std::uint32_t kLongest = 1024;
  if (at < 4) return {};
  auto size = vm.memory().load<std::uint32_t>(at - 4);
  if (!size) return {};
  auto bytes = vm.memory().read({at, std::min(*size, kLongest) & ~1u});
  if (!bytes) return {};
  std::string text;
  for (std::size_t i = 0; i + 1 < bytes->size(); i += 2) {
    bool is_ascii = (*bytes)[i + 1] == 0 && ((*bytes)[i] & 0x80) == 0;
    text += is_ascii ? (*bytes)[i] : '?';
  }
  return text;
}

Nothing abort(Vm& vm, std::uint32_t message, std::uint32_t file, std::uint32_t line, std::uint32_t column) {
  vm.trap("abort: " + assembly_script_text(vm, message) + " at " + assembly_script_text(vm, file) + ":" +
          std::to_string(line) + ":" + std::to_string(column));
  return Nothing::kTrap;
}

double seed(Vm&) { return static_cast<double>(std::random_device{}()); }

Nothing trace(Vm& vm, std::uint32_t message, std::uint32_t, double, double, double, double, double) {
  vm.log().write(LogLevel::kInfo, assembly_script_text(vm, message));
  return Nothing::kDone;
}

Errno pthread_equal(Vm&, std::uint32_t a, std::uint32_t b) { return static_cast<Errno>(a == b ? 1 : 0); }

Nothing notify_memory_growth(Vm&, std::uint32_t) { return Nothing::kDone; }

}  // namespace

void add_runtimes(std::vector<Import>& table) {
  table.push_back(import <"abort", When::kAlways, &abort>("env"));
  table.push_back(import <"seed", When::kAlways, &seed>("env"));
  table.push_back(import <"trace", When::kAlways, &trace>("env"));
  table.push_back(import <"pthread_equal", When::kAlways, &pthread_equal>("env"));
  table.push_back(import <"emscripten_notify_memory_growth", When::kAlways, &notify_memory_growth>("env"));
}

}  // namespace sallyport::wasm::abi
