#include "plugins/wasm/isolated_module.h"

#include "plugins/wasm/instruction_reader.h"
#include "plugins/wasm/module_bytes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

constexpr std::uint8_t kGlobalSection = 6;
constexpr std::uint8_t kExportSection = 7;
constexpr std::uint8_t kCodeSection = 10;
constexpr std::uint8_t kGlobalExport = 3;
constexpr std::uint8_t kLowestNumberType = 0x7b;  // v128; then f64, f32, i64, i32
constexpr char kNop = 1;

struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::string name(std::string_view text) { return number_bytes(text.size()) + std::string(text); }

class Rewriter {
 public:
  explicit Rewriter(std::string_view bytes) : bytes_(bytes) {}

  Result<std::string> rewrite() {
    TRY_STATUS(read_sections());
    std::string changed(bytes_);
    for (Part drop : drops_) std::fill(&changed[drop.begin], &changed[drop.end - 1] + 1, kNop);
    if (globals_.empty()) return changed;
    if (exports_.end == 0) return refuse("the module exports nothing");
    return changed.substr(0, exports_.begin) + export_section() + changed.substr(exports_.end);
  }

 private:
  static std::unexpected<Error> refuse(std::string why) {
    return fail(ErrorCode::kInvalid, "isolation: request is not possible: " + std::move(why));
  }

  static std::string at_byte(const Instruction& instruction) {
    return " (at byte " + std::to_string(instruction.begin) + ")";
  }

  Result<void> read_sections() {
    ByteReader reader(bytes_.substr(8), 8);
    while (!reader.at_end()) {
      std::size_t begin = reader.offset();
      std::uint8_t id = reader.byte();
      ByteReader section = reader.part(reader.count());
      if (id == kExportSection) exports_ = {begin, reader.offset()};
      TRY_STATUS(read_section(id, section));
      if (reader.failed() || section.failed()) {
        return refuse("the module is broken at byte " + std::to_string(section.offset()));
      }
    }
    return {};
  }

  Result<void> read_section(std::uint8_t id, ByteReader& section) {
    if (id == kGlobalSection) return read_globals(section);
    if (id == kCodeSection) return read_code(section);
    if (id == kExportSection) {
      export_count_ = section.count();
      export_list_ = {section.offset(), exports_.end};
    }
    return {};
  }

  Result<void> read_globals(ByteReader& section) {
    std::uint32_t count = section.count();
    for (std::uint32_t index = 0; index < count && !section.failed(); ++index) {
      bool is_number = section.byte() >= kLowestNumberType;
      bool is_mutable = section.byte() != 0;
      skip_expression(section);
      if (!is_mutable) continue;
      if (!is_number) return refuse("a global of the module holds a reference that can change");
      globals_.push_back(index);
    }
    if (globals_.size() <= kMostStateGlobals) return {};
    return refuse("the module has more than " + std::to_string(kMostStateGlobals) + " globals that can change");
  }

  Result<void> read_code(ByteReader& section) {
    for (std::uint32_t left = section.count(); left > 0 && !section.failed(); --left) {
      ByteReader body = section.part(section.count());
      for (std::uint32_t locals = body.count(); locals > 0 && !body.failed(); --locals) {
        body.count();
        body.byte();
      }
      TRY_STATUS(read_body(body));
      if (body.failed()) section.give_up();
    }
    return {};
  }

  Result<void> read_body(ByteReader& body) {
    while (!body.at_end()) {
      Instruction instruction = read_instruction(body);
      switch (instruction.kind) {
        case InstructionKind::kSegmentDrop:
          drops_.push_back({instruction.begin, instruction.end});
          break;
        case InstructionKind::kTableWriting:
          return refuse("the module writes to a table of functions" + at_byte(instruction));
        case InstructionKind::kUnknown:
          return refuse("the module has an instruction that is not known here" + at_byte(instruction));
        default:
          break;
      }
    }
    return {};
  }

  std::string export_section() const {
    std::string exports = number_bytes(export_count_ + globals_.size());
    exports += bytes_.substr(export_list_.begin, export_list_.end - export_list_.begin);
    for (std::size_t i = 0; i < globals_.size(); ++i) {
      exports += name(std::string(kStateGlobal) + std::to_string(i));
      exports += static_cast<char>(kGlobalExport);
      exports += number_bytes(globals_[i]);
    }
    return static_cast<char>(kExportSection) + number_bytes(exports.size()) + exports;
  }

  std::string_view bytes_;
  std::vector<std::uint32_t> globals_;  // that can change
  std::vector<Part> drops_;
  Part exports_;      // the section
  Part export_list_;  // what follows the number of exports
  std::uint64_t export_count_ = 0;
};

}  // namespace

Result<std::string> isolated_module(std::string_view bytes) { return Rewriter(bytes).rewrite(); }

}  // namespace sallyport::wasm
