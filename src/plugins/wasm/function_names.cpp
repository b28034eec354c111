#include "plugins/wasm/function_names.h"

#include <cxxabi.h>
#define HAVE_DECL_BASENAME 1  // or its header declares one that is not that of <cstring>
#include <libiberty/demangle.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace sallyport::wasm {
namespace {

struct Freed {
  void operator()(char* text) const noexcept { std::free(text); }
};
using CText = std::unique_ptr<char, Freed>;

constexpr auto kPanicPrefixes = std::to_array<std::string_view>(
    {"__rust", "rust_begin_unwind", "rust_panic", "core::panicking::", "std::panicking::", "std::process::abort",
     "std::sys::backtrace::", "std::sys::pal::"});

}  // namespace

std::string readable_name(std::string_view symbol) {
  std::string name(symbol);
  if (CText rust(rust_demangle(name.c_str(), 0)); rust) return rust.get();
  int status = 0;
  if (name.starts_with("_Z")) {
    if (CText cpp(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status)); cpp) return cpp.get();
  }
  return name;
}

// `abort` is that of wasi-libc, by which a panic ends where Rust is built for wasm32-wasip1.
bool carries_panic(std::string_view name) {
  return name == "abort" ||
         std::ranges::any_of(kPanicPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace sallyport::wasm
