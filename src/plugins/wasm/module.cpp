#include "plugins/wasm/module.h"

#include "base/file.h"
#include "base/sha256.h"
#include "plugins/wasm/abi/host_functions.h"
#include "plugins/wasm/callback_sequences.h"
#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/isolated_module.h"
#include "plugins/wasm/plugin_log.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kLargestFile = 256u << 20;
constexpr std::size_t kMostExports = 10'000;

struct Marker {
  std::string_view name;
  AbiVersion version;
};
// 0.2.100 is a dialect of Higress: what it has beside 0.2.1 is in `abi/dialects.cpp`.
constexpr std::array<Marker, 4> kMarkers{{{"proxy_abi_version_0_2_100", AbiVersion::k021},
                                          {"proxy_abi_version_0_2_1", AbiVersion::k021},
                                          {"proxy_abi_version_0_2_0", AbiVersion::k020},
                                          {"proxy_abi_version_0_1_0", AbiVersion::k010}}};

std::unexpected<Error> refuse(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

bool is_text_form(std::string_view bytes) {
  auto first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (bytes[first] == '(' || bytes.substr(first, 2) == ";;");
}

// Each takes room in the tables of every instance.
Result<void> check_export_count(const ModuleOutline& outline) {
  if (outline.exports.size() <= kMostExports) return {};
  return refuse("it exports " + std::to_string(outline.exports.size()) + " names, and at most " +
                std::to_string(kMostExports) +
                " are possible; build it so that it exports what the host calls alone (for wasm-ld: without "
                "--export-all and --export-dynamic, with --export=NAME)");
}

Result<void> check_imports(const ModuleOutline& outline) {
  for (const ModuleImport& import : outline.imports) {
    std::string name = as_log_line(import.module + "." + import.name);
    if (import.kind != ExternKind::kFunction) {
      return refuse("it imports " + name + ", which is no function; build it with its own memory and table");
    }
    const Import* offered = abi::find_host_function(import.module, import.name);
    if (!offered) return refuse("it imports " + name + ", which this gateway does not offer");
    if (offered->signature != import.signature) {
      return refuse("it imports " + name + " as " + import.signature.to_string() + " instead of " +
                    offered->signature.to_string());
    }
  }
  return {};
}

Result<void> check_callbacks(const ModuleOutline& outline) {
  for (const CallbackShape& shape : kCallbackShapes) {
    const ModuleExport* found = shape.find(outline);
    if (!found || (found->kind == ExternKind::kFunction && shape.fits(found->signature))) continue;
    return refuse(
        "it exports " + found->name + " as " +
        (found->kind == ExternKind::kFunction ? found->signature.to_string() : "something else than a function") +
        " instead of " + shape.expected());
  }
  return {};
}

Result<void> check_runtime(const ModuleOutline& outline) {
  static const Signature allocator{{ValueType::kI32}, {ValueType::kI32}};
  const ModuleExport* memory = outline.find_export("memory");
  if (!memory || memory->kind != ExternKind::kMemory) return refuse("it exports no memory named \"memory\"");
  const ModuleExport* found = outline.find_function("proxy_on_memory_allocate");
  if (!found) found = outline.find_function("malloc");
  if (!found) return refuse("it exports no allocator (proxy_on_memory_allocate or malloc)");
  if (found->signature != allocator) return refuse("it exports " + found->name + " as " + found->signature.to_string());
  for (std::string_view name : {"_initialize", "_start", "__main_void", "main"}) {
    const ModuleExport* start = outline.find_function(name);
    if (start && start->signature.params.size() != (name == "main" ? 2u : 0u)) {
      return refuse("it exports " + start->name + " as " + start->signature.to_string());
    }
  }
  return {};
}

Result<AbiVersion> find_version(const ModuleOutline& outline) {
  for (const Marker& marker : kMarkers) {
    if (outline.find_function(marker.name)) return marker.version;
  }
  return refuse(
      "it is no Proxy-Wasm plugin: it exports none of proxy_abi_version_0_1_0, proxy_abi_version_0_2_0 and "
      "proxy_abi_version_0_2_1; build it with a Proxy-Wasm SDK");
}

Result<std::shared_ptr<const CompiledModule>> compile_code(Engine& engine, const Module& module,
                                                           std::string_view bytes) {
  auto sequences = sequences_of(module.sequences, module.outline);
  if (module.isolation == Isolation::kWorker) return engine.compile(bytes, abi::host_functions(), sequences);
  TRY(std::string restorable, isolated_module(bytes));
  return engine.compile(restorable, abi::host_functions(), sequences);
}

}  // namespace

Result<ModuleFile> read_module_file(Engine& engine, const std::string& path) {
  auto read = read_file(path);
  if (!read) return refuse(path + ": cannot be read: " + std::strerror(errno));
  std::string bytes = std::move(*read);
  if (bytes.size() > kLargestFile) return refuse(path + ": it is larger than 256 MiB");
  std::string hash = sha256_hex(bytes);
  if (is_text_form(bytes)) {
    auto binary = engine.assemble(bytes);
    if (!binary) return fail_at(path, std::move(binary.error()));
    bytes = std::move(*binary);
  }
  return ModuleFile{path, std::move(bytes), std::move(hash)};
}

Result<AbiVersion> check_plugin(const ModuleOutline& outline) {
  TRY(AbiVersion version, find_version(outline));
  TRY_STATUS(check_export_count(outline));
  TRY_STATUS(check_imports(outline));
  TRY_STATUS(check_callbacks(outline));
  TRY_STATUS(check_runtime(outline));
  return version;
}

Result<std::shared_ptr<const Module>> compile_module(Engine& engine, const ModuleFile& file, Isolation isolation) {
  auto module = std::make_shared<Module>();
  module->path = file.path;
  module->hash = file.hash;
  auto outline = read_module(file.bytes);
  if (!outline) return fail_at(file.path, std::move(outline.error()));
  module->outline = std::move(*outline);
  auto version = check_plugin(module->outline);
  if (!version) return fail_at(file.path, std::move(version.error()));
  module->abi = *version;
  module->isolation = isolation;
  module->sequences = sequenced_callbacks(module->outline);
  auto code = compile_code(engine, *module, file.bytes);
  if (!code) return fail_at(file.path, std::move(code.error()));
  module->code = std::move(*code);
  return module;
}

}  // namespace sallyport::wasm
