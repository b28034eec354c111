#include "plugins/wasm/module_reader.h"

#include "plugins/wasm/module_bytes.h"

#include <algorithm>
#include <optional>

namespace sallyport::wasm {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMagic = "\0asm"sv;
constexpr std::string_view kModuleVersion = "\1\0\0\0"sv;
constexpr std::string_view kComponentVersion = "\x0d\0\1\0"sv;
// Parameters of a function, and results, as engines have it. Each import and export has a copy of its type.
constexpr std::uint32_t kMostValues = 1000;

class OutlineReader {
 public:
  Result<ModuleOutline> read(std::string_view bytes) {
    ByteReader reader(bytes.substr(8), 8);
    while (!reader.at_end()) {
      std::uint8_t id = reader.byte();
      ByteReader section = reader.part(reader.count());
      if (reader.failed()) return broken(reader);
      if (!read_section(id, section)) continue;
      if (section.failed() || !section.at_end()) return broken(section);
    }
    if (reader.failed()) return broken(reader);
    return std::move(outline_);
  }

 private:
  static std::unexpected<Error> broken(const ByteReader& reader) {
    return fail(ErrorCode::kInvalid,
                "it is a broken or unsupported WebAssembly module (at byte " + std::to_string(reader.offset()) + ")");
  }

  // Whether it is one that is read to its end.
  bool read_section(std::uint8_t id, ByteReader& section) {
    switch (id) {
      case 0:
        read_custom(section);
        return false;
      case 1:
        read_types(section);
        return true;
      case 2:
        read_imports(section);
        return true;
      case 3:
        read_functions(section);
        return true;
      case 7:
        read_exports(section);
        return true;
      default:
        return false;
    }
  }

  // A custom section may hold anything: what is wrong in it does not break the module.
  void read_custom(ByteReader section) {
    if (section.name() != "producers") return;
    for (std::uint32_t fields = section.count(); fields > 0 && !section.failed(); --fields) {
      section.name();
      for (std::uint32_t left = section.count(); left > 0 && !section.failed(); --left) {
        Producer producer{section.name(), section.name()};
        if (!section.failed()) outline_.producers.push_back(std::move(producer));
      }
    }
  }

  static std::vector<ValueType> read_value_types(ByteReader& section) {
    std::vector<ValueType> types;
    const std::uint32_t count = section.count();
    if (count > kMostValues) section.give_up();
    for (std::uint32_t left = count; left > 0 && !section.failed(); --left) {
      std::uint8_t type = section.byte();
      bool is_number =
          type >= static_cast<std::uint8_t>(ValueType::kF64) && type <= static_cast<std::uint8_t>(ValueType::kI32);
      types.push_back(is_number ? static_cast<ValueType>(type) : ValueType::kOther);
    }
    return types;
  }

  void read_types(ByteReader& section) {
    for (std::uint32_t left = section.count(); left > 0 && !section.failed(); --left) {
      if (section.byte() != 0x60) return section.give_up();  // only plain function types
      Signature signature;
      signature.params = read_value_types(section);
      signature.results = read_value_types(section);
      types_.push_back(std::move(signature));
    }
  }

  void read_limits(ByteReader& section) {
    std::uint8_t flags = section.byte();
    section.unsigned_number();
    if (flags & 1) section.unsigned_number();
  }

  void read_imports(ByteReader& section) {
    for (std::uint32_t left = section.count(); left > 0 && !section.failed(); --left) {
      ModuleImport import;
      import.module = section.name();
      import.name = section.name();
      import.kind = static_cast<ExternKind>(section.byte());
      switch (import.kind) {
        case ExternKind::kFunction:
          functions_.push_back(section.count());
          import.signature = signature_of(functions_.size() - 1, section);
          break;
        case ExternKind::kTable:
          section.byte();
          read_limits(section);
          break;
        case ExternKind::kMemory:
          read_limits(section);
          break;
        case ExternKind::kGlobal:
          section.byte();
          section.byte();
          break;
        case ExternKind::kTag:
          section.byte();
          section.count();
          break;
        default:
          return section.give_up();
      }
      outline_.imports.push_back(std::move(import));
    }
  }

  void read_functions(ByteReader& section) {
    for (std::uint32_t left = section.count(); left > 0 && !section.failed(); --left)
      functions_.push_back(section.count());
  }

  void read_exports(ByteReader& section) {
    for (std::uint32_t left = section.count(); left > 0 && !section.failed(); --left) {
      ModuleExport exported;
      exported.name = section.name();
      exported.kind = static_cast<ExternKind>(section.byte());
      exported.index = section.count();
      if (exported.kind == ExternKind::kFunction) exported.signature = signature_of(exported.index, section);
      outline_.exports.push_back(std::move(exported));
    }
  }

  Signature signature_of(std::size_t function, ByteReader& section) {
    if (function >= functions_.size() || functions_[function] >= types_.size()) {
      section.give_up();
      return {};
    }
    return types_[functions_[function]];
  }

  std::vector<Signature> types_;
  std::vector<std::uint32_t> functions_;  // the type of each, imported ones first
  ModuleOutline outline_;
};

}  // namespace

const ModuleExport* ModuleOutline::find_export(std::string_view name) const noexcept {
  auto found = std::ranges::find(exports, name, &ModuleExport::name);
  return found == exports.end() ? nullptr : &*found;
}

const ModuleExport* ModuleOutline::find_function(std::string_view name) const noexcept {
  const ModuleExport* found = find_export(name);
  return found && found->kind == ExternKind::kFunction ? found : nullptr;
}

std::string_view ModuleOutline::export_name(std::uint32_t function) const noexcept {
  for (const ModuleExport& exported : exports) {
    if (exported.kind == ExternKind::kFunction && exported.index == function) return exported.name;
  }
  return {};
}

bool ModuleOutline::imports_function(std::string_view name) const noexcept {
  return std::ranges::any_of(imports, [&](const ModuleImport& import) { return import.name == name; });
}

Result<ModuleOutline> read_module(std::string_view bytes) {
  if (!bytes.starts_with(kMagic))
    return fail(ErrorCode::kInvalid, "it is not WebAssembly: it does not begin with \\0asm");
  std::string_view version = bytes.substr(4, 4);
  if (version == kComponentVersion) {
    return fail(
        ErrorCode::kInvalid,
        "it is a WebAssembly component; Proxy-Wasm plugins are core modules (build it without component tooling)");
  }
  if (version != kModuleVersion) return fail(ErrorCode::kInvalid, "it is WebAssembly of an unknown version");
  return OutlineReader().read(bytes);
}

}  // namespace sallyport::wasm
