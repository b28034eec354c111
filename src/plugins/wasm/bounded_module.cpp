#include "plugins/wasm/bounded_module.h"

#include "plugins/wasm/module_bytes.h"

#include <algorithm>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::uint8_t kCustomSection = 0;
constexpr std::uint8_t kTableSection = 4;
constexpr std::uint8_t kMemorySection = 5;
constexpr std::uint64_t kWasmPage = 64u << 10;
constexpr std::uint64_t kMostElements = InstanceLimits{}.table_elements;

struct Limits {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

// Those of 32 bits. The others belong to extensions that are not served, and validation refuses them.
Limits read_limits(ByteReader& reader, std::uint64_t most) {
  const std::uint8_t flags = reader.byte();
  Limits limits{reader.unsigned_number(), most};
  if (flags == 1) limits.most = reader.unsigned_number();
  if (flags > 1) reader.give_up();
  return limits;
}

Result<std::string> bounded_tables(ByteReader section) {
  const std::uint32_t count = section.count();
  if (count > 1) return fail(ErrorCode::kInvalid, "it has " + std::to_string(count) + " tables, and may have 1");
  std::string content = number_bytes(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t element = section.byte();
    const Limits limits = read_limits(section, kMostElements);
    if (limits.least > kMostElements) {
      return fail(ErrorCode::kInvalid, "its table has " + std::to_string(limits.least) + " elements, and may have " +
                                           std::to_string(kMostElements));
    }
    content += static_cast<char>(element);
    content += '\1';
    content += number_bytes(limits.least) + number_bytes(std::min(limits.most, kMostElements));
  }
  if (section.failed() || !section.at_end()) return fail(ErrorCode::kInvalid, "its section of tables is broken");
  return static_cast<char>(kTableSection) + number_bytes(content.size()) + content;
}

}  // namespace

Result<BoundedModule> bounded_module(std::string_view bytes, std::string_view without) {
  BoundedModule bounded{std::string(bytes.substr(0, kHeader)), 0};
  if (bytes.size() < kHeader) return bounded;  // the engine says what is wrong with it
  ByteReader reader(bytes.substr(kHeader));
  while (!reader.at_end()) {
    const std::size_t begin = kHeader + reader.offset();
    const std::uint8_t id = reader.byte();
    ByteReader section = reader.part(reader.count());
    if (reader.failed()) return fail(ErrorCode::kInvalid, "it is cut off in section " + std::to_string(id));
    if (id == kCustomSection && ByteReader(section).name() == without) continue;
    if (id == kMemorySection) {
      ByteReader memories(section);
      if (memories.count() > 0) bounded.memory_bytes = read_limits(memories, 0).least * kWasmPage;
    }
    if (id == kTableSection) {
      TRY(std::string tables, bounded_tables(section));
      bounded.bytes += tables;
    } else {
      bounded.bytes += bytes.substr(begin, kHeader + reader.offset() - begin);
    }
  }
  return bounded;
}

}  // namespace sallyport::wasm
