#include "plugins/wasm/sequence_code.h"

#include <fmt/format.h>

namespace sallyport::wasm {
namespace {

std::string params(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += " i32";
  return text.empty() ? text : "(param" + text + ")";
}

std::string import_of(const SequenceStep& step, std::size_t number) {
  return fmt::format("(import \"guest\" \"{0}\" (func $f{1} {2} {3}))\n", step.function, number,
                     params(step.arguments.size()), step.has_result ? "(result i32)" : "");
}

std::string call_of(const SequenceStep& step, std::size_t number) {
  std::string text = fmt::format("(call $f{}", number);
  for (std::uint8_t slot : step.arguments) text += fmt::format(" (local.get {})", slot);
  return text + ")";
}

// `first`: the number of the import of its first step.
std::string function_of(const Sequence& sequence, std::size_t number, std::size_t first) {
  std::string text = fmt::format("(func (export \"{}\") {} (result i32)", number, params(sequence.slots));
  for (std::size_t i = 0; i < sequence.steps.size(); ++i) {
    const SequenceStep& step = sequence.steps[i];
    bool is_last = i + 1 == sequence.steps.size();
    if (i > 0) text += fmt::format(" (i32.store (i32.const 0) (i32.const {}))", i);
    std::string call = call_of(step, first + i);
    text += step.has_result && !is_last ? " (drop " + call + ")" : " " + call;
    if (is_last && !step.has_result) text += " (i32.const 0)";
  }
  return text + ")\n";
}

}  // namespace

std::string sequence_module(std::span<const Sequence> sequences) {
  std::string imports;
  std::string functions;
  std::size_t imported = 0;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Sequence& sequence = sequences[i];
    if (sequence.steps.empty()) continue;
    functions += function_of(sequence, i, imported);
    for (const SequenceStep& step : sequence.steps) imports += import_of(step, imported++);
  }
  if (functions.empty()) return {};
  return fmt::format("(module ${}\n{}(memory (export \"{}\") 1 1)\n{})", kSequenceModule, imports, kSequenceStep,
                     functions);
}

}  // namespace sallyport::wasm
