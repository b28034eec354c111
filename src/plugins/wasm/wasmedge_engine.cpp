#include "plugins/wasm/wasmedge_engine.h"

#include "plugins/wasm/bounded_module.h"
#include "plugins/wasm/module_reader.h"
#include "plugins/wasm/wasmedge_instance.h"
#include "plugins/wasm/wasmtime_code.h"

#include <algorithm>
#include <utility>

namespace sallyport::wasm {

#if __has_include(<wasmedge/wasmedge.h>)
namespace {

// (module (func (export "")))
constexpr std::string_view kNothing(
    "\0asm\1\0\0\0"
    "\1\4\1\x60\0\0"
    "\3\2\1\0"
    "\7\4\1\0\0\0"
    "\xa\4\1\2\0\xb",
    30);
constexpr std::string_view kNoSandboxes =
    "isolation: request and fair: true are not possible with `wasm.engine: wasmedge`; set isolation: worker and "
    "fair: false, or choose wasmtime or pulley";
constexpr std::string_view kMachineCode = "wasmedge";  // a section that WasmEdge's compiler puts into modules

class WasmEdgeModule final : public CompiledModule {
 public:
  explicit WasmEdgeModule(std::shared_ptr<const WasmEdgeCode> code) : code_(std::move(code)) {}

  std::unique_ptr<Instance> make_instance(const InstanceLimits& limits, void* host) const override {
    return std::make_unique<WasmEdgeInstance>(code_, limits, host);
  }
  std::size_t code_bytes() const override { return code_->file_bytes; }
  Result<std::string> save() const override {
    return fail(ErrorCode::kInternal, "this engine interprets modules as they are");
  }

 private:
  std::shared_ptr<const WasmEdgeCode> code_;
};

class WasmEdgeEngine final : public Engine {
 public:
  WasmEdgeEngine(const WasmEdge& api, Isolation isolation)
      : api_(api), isolation_(isolation), settings_(owned(api.ConfigureCreate(), api.ConfigureDelete)) {
    api.ConfigureSetRunMode(settings_.get(), WasmEdge_RunMode_Interpreter);  // never code that a module brings along
    api.ConfigureSetWASMStandard(settings_.get(), WasmEdge_Standard_WASM_2);
    for (auto more : {WasmEdge_Proposal_TailCall, WasmEdge_Proposal_ExtendedConst, WasmEdge_Proposal_RelaxSIMD}) {
      api.ConfigureAddProposal(settings_.get(), more);
    }
  }

  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence> sequences) override {
    if (isolation_ == Isolation::kRequest) return fail(ErrorCode::kInvalid, std::string(kNoSandboxes));
    TRY(BoundedModule bounded, bounded_module(bytes, kMachineCode));
    TRY(auto module, parse(bounded.bytes));
    TRY(auto nothing, parse(kNothing));
    TRY(auto sequence_code, sequences_of(sequences));
    TRY(std::vector<const Import*> needed, needed_of(bytes, imports));
    WasmEdgeCode code{api_,
                      watcher_,
                      std::move(module),
                      std::move(nothing),
                      std::move(sequence_code),
                      std::move(needed),
                      bounded.memory_bytes,
                      bytes.size()};
    return std::make_shared<const WasmEdgeModule>(std::make_shared<const WasmEdgeCode>(std::move(code)));
  }

  Result<std::shared_ptr<const CompiledModule>> load(std::string_view, std::span<const Import>,
                                                     std::span<const Sequence>) override {
    return fail(ErrorCode::kInvalid, "this engine keeps no code");
  }
  std::string fingerprint() const override { return std::string("wasmedge ") + api_.VersionGet(); }
  Result<std::string> assemble(std::string_view text) override { return assemble_text(text); }

 private:
  using Ast = WasmEdgePtr<WasmEdge_ASTModuleContext>;

  Result<Ast> parse(std::string_view bytes) {
    auto loader = owned(api_.LoaderCreate(settings_.get()), api_.LoaderDelete);
    auto validator = owned(api_.ValidatorCreate(settings_.get()), api_.ValidatorDelete);
    const WasmEdge_Bytes view{static_cast<std::uint32_t>(bytes.size()),
                              reinterpret_cast<const std::uint8_t*>(bytes.data())};
    WasmEdge_ASTModuleContext* made = nullptr;
    WasmEdge_Result result = api_.LoaderParseFromBytes(loader.get(), &made, view);
    Ast module = owned(made, api_.ASTModuleDelete);
    if (api_.ResultOK(result)) result = api_.ValidatorValidate(validator.get(), made);
    if (api_.ResultOK(result)) return module;
    return fail(ErrorCode::kInvalid, std::string("it does not compile: ") + api_.ResultGetMessage(result));
  }

  Result<Ast> sequences_of(std::span<const Sequence> sequences) {
    std::string text = sequence_module(sequences);
    if (text.empty()) return owned<WasmEdge_ASTModuleContext>(nullptr, api_.ASTModuleDelete);
    TRY(std::string binary, assemble(text));
    return parse(binary);
  }

  // Modules may import a function more than once.
  static Result<std::vector<const Import*>> needed_of(std::string_view bytes, std::span<const Import> imports) {
    TRY(ModuleOutline outline, read_module(bytes));
    std::vector<const Import*> needed;
    for (const ModuleImport& wanted : outline.imports) {
      auto offered = std::ranges::find_if(imports, [&](const Import& import) {
        return import.module == wanted.module && import.name == wanted.name && import.signature == wanted.signature;
      });
      if (offered == imports.end()) {
        return fail(ErrorCode::kInvalid, "its imports do not fit: " + wanted.module + "." + wanted.name);
      }
      if (std::ranges::find(needed, &*offered) == needed.end()) needed.push_back(&*offered);
    }
    return needed;
  }

  const WasmEdge& api_;
  const Isolation isolation_;
  WasmEdgePtr<WasmEdge_ConfigureContext> settings_;
  std::shared_ptr<CallWatcher> watcher_ = std::make_shared<CallWatcher>();
};

}  // namespace

Result<std::shared_ptr<Engine>> make_wasmedge_engine(Isolation isolation) {
  TRY(const WasmEdge* api, load_wasmedge());
  return std::make_shared<WasmEdgeEngine>(*api, isolation);
}

#else

Result<std::shared_ptr<Engine>> make_wasmedge_engine(Isolation) {
  return fail(ErrorCode::kUnavailable,
              "wasm.engine: wasmedge: this program was built without WasmEdge; build it where WasmEdge 0.17 and its "
              "headers are installed (cmake -DWASMEDGE_DIR=FOLDER), or choose another engine");
}

#endif

}  // namespace sallyport::wasm
