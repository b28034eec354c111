#pragma once
// Exported functions of a guest called one after the other by one entry into it: a small module of our own, linked to
// the guest beside it, makes the calls. Entering and leaving a guest costs as much as a few hundred instructions,
// a call from module to module next to nothing.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wasm {

// One call of a sequence. All parameters are i32, and so is the result if there is one.
struct SequenceStep {
  std::string_view function;            // the guest exports it; lives as long as the program
  std::vector<std::uint8_t> arguments;  // which slots of the sequence it is given
  bool has_result = false;
};

// The result of the last step is that of the sequence; those before are dropped. A trap ends the sequence. Without
// steps there is no such sequence.
struct Sequence {
  std::size_t slots = 0;
  std::vector<SequenceStep> steps;
};

// The module for `sequences` in the text format. It imports the functions of the steps in their order from module
// "guest", exports sequence N as "N", and a memory whose first 32 bits tell which step runs.
inline constexpr std::string_view kSequenceModule = "sallyport_sequences";
inline constexpr std::string_view kSequenceStep = "step";
std::string sequence_module(std::span<const Sequence> sequences);  // empty where none has steps

}  // namespace sallyport::wasm
