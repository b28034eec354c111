#include "plugins/wasm/wasmedge_library.h"

#if __has_include(<wasmedge/wasmedge.h>)

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace sallyport::wasm {
namespace {

constexpr std::string_view kFile = "libwasmedge.so.0";

std::string path() {
  const char* folder = std::getenv("WASMEDGE_DIR");
  return folder && *folder ? fmt::format("{}/lib/{}", folder, kFile) : std::string(kFile);
}

std::unexpected<Error> unusable(std::string_view why) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("wasm.engine: wasmedge: {}; install WasmEdge {}.{} where the system finds libraries, or name "
                          "its folder in the environment variable WASMEDGE_DIR, or choose another engine",
                          why, WASMEDGE_VERSION_MAJOR, WASMEDGE_VERSION_MINOR));
}

// Its interface may change with each minor version.
bool fits(const WasmEdge& api) {
  return api.VersionGetMajor() == WASMEDGE_VERSION_MAJOR && api.VersionGetMinor() == WASMEDGE_VERSION_MINOR;
}

Result<const WasmEdge*> load() {
  static WasmEdge api;
  void* library = ::dlopen(path().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return unusable(::dlerror());
#define SALLYPORT_WASMEDGE_FIND(name)                                                   \
  api.name = reinterpret_cast<decltype(api.name)>(::dlsym(library, "WasmEdge_" #name)); \
  if (!api.name) return unusable(fmt::format("{} has no function WasmEdge_{}", path(), #name));
  SALLYPORT_WASMEDGE_FUNCTIONS(SALLYPORT_WASMEDGE_FIND)
#undef SALLYPORT_WASMEDGE_FIND
  if (!fits(api)) return unusable(fmt::format("{} is version {}", path(), api.VersionGet()));
  api.LogOff();  // what it has to say comes with the results of calls
  return &api;
}

}  // namespace

Result<const WasmEdge*> load_wasmedge() {
  static const Result<const WasmEdge*> loaded = load();
  return loaded;
}

}  // namespace sallyport::wasm

#endif
