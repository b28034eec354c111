#pragma once
// Walks over the instructions of a function or of a constant expression (WebAssembly core specification, 5.4). Knows
// those that the engine admits: version 2 with its vector instructions, tail calls and relaxed vectors.

#include "plugins/wasm/module_bytes.h"

#include <cstddef>
#include <cstdint>

namespace sallyport::wasm {

enum class InstructionKind : std::uint8_t {
  kOther,
  kBlock,         // or loop, or if
  kEnd,           // of a block, or of the function
  kSegmentDrop,   // data.drop and elem.drop
  kTableWriting,  // table.set, table.init, table.copy, table.grow and table.fill
  kUnknown,       // where it ends is not known either
};

struct Instruction {
  InstructionKind kind = InstructionKind::kOther;
  std::size_t begin = 0;  // offsets in the module
  std::size_t end = 0;
};

// The next one; `code` stands at its first byte. A broken one leaves `code` failed.
Instruction read_instruction(ByteReader& code);

// Reads up to and including the end of a constant expression.
void skip_expression(ByteReader& code);

}  // namespace sallyport::wasm
