#pragma once
// WasmEdge's C API, found when the program runs: one binary works with the library and without it. The names are those
// of its headers, which this file needs. Loaded once, by whichever thread asks first, and kept until the program ends.

#if __has_include(<wasmedge/wasmedge.h>)

#include "base/result.h"

#include <wasmedge/wasmedge.h>

namespace sallyport::wasm {

#define SALLYPORT_WASMEDGE_FUNCTIONS(F) \
  F(ASTModuleDelete)                    \
  F(AsyncCancel)                        \
  F(AsyncDelete)                        \
  F(AsyncWait)                          \
  F(CallingFrameGetMemoryInstance)      \
  F(ConfigureAddProposal)               \
  F(ConfigureCreate)                    \
  F(ConfigureDelete)                    \
  F(ConfigureSetMaxMemoryPage)          \
  F(ConfigureSetRunMode)                \
  F(ConfigureSetWASMStandard)           \
  F(ExecutorAsyncInvoke)                \
  F(ExecutorCreate)                     \
  F(ExecutorDelete)                     \
  F(ExecutorInstantiate)                \
  F(ExecutorInvoke)                     \
  F(ExecutorRegister)                   \
  F(ExecutorRegisterImport)             \
  F(FunctionInstanceCreate)             \
  F(FunctionInstanceGetFunctionType)    \
  F(FunctionTypeCreate)                 \
  F(FunctionTypeDelete)                 \
  F(FunctionTypeGetParameters)          \
  F(FunctionTypeGetParametersLength)    \
  F(FunctionTypeGetReturnsLength)       \
  F(LoaderCreate)                       \
  F(LoaderDelete)                       \
  F(LoaderParseFromBytes)               \
  F(LogOff)                             \
  F(MemoryInstanceGetPageSize)          \
  F(MemoryInstanceGetPointer)           \
  F(ModuleInstanceAddFunction)          \
  F(ModuleInstanceCreate)               \
  F(ModuleInstanceDelete)               \
  F(ModuleInstanceFindFunction)         \
  F(ModuleInstanceFindMemory)           \
  F(ResultGetCode)                      \
  F(ResultGetMessage)                   \
  F(ResultOK)                           \
  F(StoreCreate)                        \
  F(StoreDelete)                        \
  F(ValTypeGenF32)                      \
  F(ValTypeGenF64)                      \
  F(ValTypeGenI32)                      \
  F(ValTypeGenI64)                      \
  F(ValidatorCreate)                    \
  F(ValidatorDelete)                    \
  F(ValidatorValidate)                  \
  F(VersionGet)                         \
  F(VersionGetMajor)                    \
  F(VersionGetMinor)

struct WasmEdge {
#define SALLYPORT_WASMEDGE_MEMBER(name) decltype(&::WasmEdge_##name) name = nullptr;
  SALLYPORT_WASMEDGE_FUNCTIONS(SALLYPORT_WASMEDGE_MEMBER)
#undef SALLYPORT_WASMEDGE_MEMBER
};

// From $WASMEDGE_DIR/lib, or where the system looks for libraries. Error: kUnavailable, with what to install.
Result<const WasmEdge*> load_wasmedge();

}  // namespace sallyport::wasm

#endif
