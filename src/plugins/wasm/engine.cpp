#include "plugins/wasm/engine.h"

namespace sallyport::wasm {
namespace {

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::kI32:
      return "i32";
    case ValueType::kI64:
      return "i64";
    case ValueType::kF32:
      return "f32";
    case ValueType::kF64:
      return "f64";
    case ValueType::kOther:
      break;
  }
  return "other";
}

std::string list_of(const std::vector<ValueType>& types) {
  std::string text = "(";
  for (ValueType type : types) {
    if (text.size() > 1) text += ", ";
    text += name_of(type);
  }
  return text + ")";
}

}  // namespace

std::string Signature::to_string() const {
  if (results.size() == 1) return list_of(params) + " -> " + std::string(name_of(results.front()));
  return list_of(params) + " -> " + list_of(results);
}

}  // namespace sallyport::wasm
