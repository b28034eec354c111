#include "plugins/wasm/instruction_reader.h"

namespace sallyport::wasm {
namespace {

using Kind = InstructionKind;

// What follows the number of an instruction.
enum class Operands : std::uint8_t {
  kNone,
  kNumber,  // an index, a constant, a block's type, a heap type
  kTwoNumbers,
  kFourBytes,
  kEightBytes,
  kSixteenBytes,
  kLane,
  kMemory,  // alignment and offset
  kMemoryAndLane,
  kBranchTable,
  kTypes,
  kUnknown,
};

void skip_numbers(ByteReader& code, std::uint32_t count) {
  for (; count > 0 && !code.failed(); --count) code.unsigned_number();
}

void skip(ByteReader& code, Operands operands) {
  switch (operands) {
    case Operands::kNone:
    case Operands::kUnknown:
      return;
    case Operands::kNumber:
      return skip_numbers(code, 1);
    case Operands::kTwoNumbers:
    case Operands::kMemory:
      return skip_numbers(code, 2);
    case Operands::kFourBytes:
      return void(code.bytes(4));
    case Operands::kEightBytes:
      return void(code.bytes(8));
    case Operands::kSixteenBytes:
      return void(code.bytes(16));
    case Operands::kLane:
      return void(code.byte());
    case Operands::kMemoryAndLane:
      skip_numbers(code, 2);
      return void(code.byte());
    case Operands::kBranchTable:
      skip_numbers(code, code.count());
      return skip_numbers(code, 1);
    case Operands::kTypes:
      return void(code.bytes(code.count()));
  }
}

bool lies_in(std::uint64_t number, std::uint64_t first, std::uint64_t last) {
  return number >= first && number <= last;
}

Operands operands_of(std::uint8_t opcode) {
  if (lies_in(opcode, 0x02, 0x04) || lies_in(opcode, 0x20, 0x26))
    return Operands::kNumber;                                 // blocks; variables, tables
  if (lies_in(opcode, 0x28, 0x3e)) return Operands::kMemory;  // loads and stores
  if (lies_in(opcode, 0x3f, 0x42)) return Operands::kNumber;  // size and growth of the memory, whole constants
  if (lies_in(opcode, 0x45, 0xc4)) return Operands::kNone;    // arithmetic
  switch (opcode) {
    case 0x00:  // unreachable
    case 0x01:  // nop
    case 0x05:  // else
    case 0x0b:  // end
    case 0x0f:  // return
    case 0x1a:  // drop
    case 0x1b:  // select
    case 0xd1:  // ref.is_null
      return Operands::kNone;
    case 0x0c:  // br
    case 0x0d:  // br_if
    case 0x10:  // call
    case 0x12:  // return_call
    case 0xd0:  // ref.null
    case 0xd2:  // ref.func
      return Operands::kNumber;
    case 0x0e:  // br_table
      return Operands::kBranchTable;
    case 0x11:  // call_indirect
    case 0x13:  // return_call_indirect
      return Operands::kTwoNumbers;
    case 0x1c:  // select with a type
      return Operands::kTypes;
    case 0x43:  // f32.const
      return Operands::kFourBytes;
    case 0x44:  // f64.const
      return Operands::kEightBytes;
    default:
      return Operands::kUnknown;
  }
}

// Behind 0xfc: conversions, and those of memories and tables as a whole.
Operands operands_of_bulk(std::uint64_t number) {
  if (number <= 7) return Operands::kNone;
  if (number == 8 || number == 10 || number == 12 || number == 14) return Operands::kTwoNumbers;  // init, copy
  return number <= 17 ? Operands::kNumber : Operands::kUnknown;
}

// Behind 0xfd.
Operands operands_of_vector(std::uint64_t number) {
  if (number <= 11 || number == 92 || number == 93) return Operands::kMemory;
  if (number == 12 || number == 13) return Operands::kSixteenBytes;  // a constant; which bytes to shuffle
  if (lies_in(number, 21, 34)) return Operands::kLane;
  if (lies_in(number, 84, 91)) return Operands::kMemoryAndLane;
  return number <= 0x113 ? Operands::kNone : Operands::kUnknown;
}

Kind kind_of(std::uint8_t opcode) {
  if (lies_in(opcode, 0x02, 0x04)) return Kind::kBlock;
  if (opcode == 0x0b) return Kind::kEnd;
  return opcode == 0x26 ? Kind::kTableWriting : Kind::kOther;
}

Kind kind_of_bulk(std::uint64_t number) {
  if (number == 9 || number == 13) return Kind::kSegmentDrop;
  bool writes = number == 12 || number == 14 || number == 15 || number == 17;
  return writes ? Kind::kTableWriting : Kind::kOther;
}

}  // namespace

Instruction read_instruction(ByteReader& code) {
  Instruction instruction;
  instruction.begin = code.offset();
  std::uint8_t opcode = code.byte();
  Operands operands = Operands::kUnknown;
  if (opcode == 0xfc) {
    std::uint64_t number = code.unsigned_number();
    operands = operands_of_bulk(number);
    instruction.kind = kind_of_bulk(number);
  } else if (opcode == 0xfd) {
    operands = operands_of_vector(code.unsigned_number());
  } else {
    operands = operands_of(opcode);
    instruction.kind = kind_of(opcode);
  }
  if (operands == Operands::kUnknown) instruction.kind = Kind::kUnknown;
  skip(code, operands);
  instruction.end = code.offset();
  return instruction;
}

void skip_expression(ByteReader& code) {
  while (!code.at_end()) {
    Kind kind = read_instruction(code).kind;
    if (kind == Kind::kEnd) return;
    if (kind == Kind::kUnknown || kind == Kind::kBlock) code.give_up();
  }
  code.give_up();
}

}  // namespace sallyport::wasm
