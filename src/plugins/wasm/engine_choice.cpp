#include "plugins/wasm/engine_choice.h"

#include "plugins/wasm/wasmedge_engine.h"
#include "plugins/wasm/wasmtime_engine.h"

#include <array>

namespace sallyport::wasm {
namespace {

struct Named {
  std::string_view name;
  EngineKind kind;
};
constexpr std::array kNamed{Named{"wasmtime", EngineKind::kWasmtime}, Named{"pulley", EngineKind::kPulley},
                            Named{"wasmedge", EngineKind::kWasmEdge}};

}  // namespace

std::string_view name_of(EngineKind kind) {
  for (const Named& named : kNamed) {
    if (named.kind == kind) return named.name;
  }
  return "unknown";
}

std::optional<EngineKind> engine_named(std::string_view name) {
  for (const Named& named : kNamed) {
    if (named.name == name) return named.kind;
  }
  return std::nullopt;
}

std::string engine_names() {
  std::string text;
  for (const Named& named : kNamed) {
    if (!text.empty()) text += ", ";
    text += named.name;
  }
  return text;
}

bool keeps_code(EngineKind kind) { return kind != EngineKind::kWasmEdge; }

Result<std::shared_ptr<Engine>> make_engine(EngineKind kind, Isolation isolation) {
  if (kind == EngineKind::kWasmEdge) return make_wasmedge_engine(isolation);
  const CodeForm form = kind == EngineKind::kPulley ? CodeForm::kBytecode : CodeForm::kMachine;
  return make_wasmtime_engine(isolation == Isolation::kRequest ? InstancePlaces::kRestorable : InstancePlaces::kPool,
                              form);
}

}  // namespace sallyport::wasm
