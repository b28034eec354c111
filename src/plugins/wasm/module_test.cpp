#include "plugins/wasm/module.h"

#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

using namespace std::string_view_literals;

class Modules : public WasmFixture {
 protected:
  // Why a file is refused, without its path.
  std::string refusal(std::string_view bytes, std::string_view name = "plugin.wat") {
    std::string path = write_file(name, bytes);
    auto module = runtime_->load_now(path);
    if (module) return "(accepted)";
    EXPECT_EQ(module.error().code, ErrorCode::kInvalid);
    EXPECT_TRUE(module.error().what.starts_with(path + ": ")) << module.error().what;
    return module.error().what.substr(path.size() + 2);
  }
  bool refused_for(std::string_view bytes, std::string_view why) {
    std::string reason = refusal(bytes);
    EXPECT_NE(reason.find(why), std::string::npos) << reason;
    return reason.find(why) != std::string::npos;
  }
};

constexpr std::string_view kMemory = R"((memory (export "memory") 1))";
constexpr std::string_view kMalloc = R"((func (export "malloc") (param i32) (result i32) (i32.const 0)))";
constexpr std::string_view kMarker = R"((func (export "proxy_abi_version_0_2_1")))";

std::string module_of(std::initializer_list<std::string_view> parts) {
  std::string text = "(module ";
  for (std::string_view part : parts) text += part;
  return text + ")";
}

TEST_F(Modules, AFileThatIsMissingIsNamed) {
  auto module = runtime_->load_now(directory_ + "/none.wasm");
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().what, directory_ + "/none.wasm: cannot be read: No such file or directory");
}

TEST_F(Modules, WhatIsNoWebAssemblyIsRefused) {
  EXPECT_TRUE(refused_for("#!/bin/sh\n", "it is not WebAssembly"));
  EXPECT_TRUE(refused_for("", "it is not WebAssembly"));
  EXPECT_TRUE(refused_for("\0as"sv, "it is not WebAssembly"));
  EXPECT_TRUE(refused_for("\0asm\x0d\0\1\0"sv, "it is a WebAssembly component"));
  EXPECT_TRUE(refused_for("\0asm\2\0\0\0"sv, "unknown version"));
  EXPECT_TRUE(refused_for("\0asm\1\0\0\0\1\5\1"sv, "at byte"));
  EXPECT_TRUE(refused_for("(module (func", "expected `)`"));
}

TEST_F(Modules, AModuleWithoutTheMarkerIsNoPlugin) {
  EXPECT_TRUE(refused_for(module_of({kMemory, kMalloc, R"((func (export "_start")))"}), "it is no Proxy-Wasm plugin"));
}

TEST_F(Modules, ImportsMustBeOffered) {
  EXPECT_TRUE(refused_for(module_of({R"((import "env" "proxy_teleport" (func)))", kMemory, kMalloc, kMarker}),
                          "it imports env.proxy_teleport, which this gateway does not offer"));
  EXPECT_TRUE(refused_for(module_of({R"((import "other" "proxy_log" (func)))", kMemory, kMalloc, kMarker}),
                          "it imports other.proxy_log"));
  EXPECT_TRUE(refused_for(module_of({R"((import "env" "proxy_log" (func (param i32))))", kMemory, kMalloc, kMarker}),
                          "it imports env.proxy_log as (i32) -> () instead of (i32, i32, i32) -> i32"));
  EXPECT_TRUE(refused_for(module_of({R"((import "env" "memory" (memory 1)))", kMalloc, kMarker}),
                          "env.memory, which is no function"));
  EXPECT_TRUE(refused_for(module_of({R"((import "env" "g" (global i32)))", kMemory, kMalloc, kMarker}),
                          "env.g, which is no function"));
}

TEST_F(Modules, CallbacksMustHaveTheirType) {
  EXPECT_TRUE(refused_for(module_of({kMemory, kMalloc, kMarker, R"((func (export "proxy_on_log") (param i64)))"}),
                          "it exports proxy_on_log as (i64) -> () instead of (i32) -> ()"));
  EXPECT_TRUE(
      refused_for(module_of({kMemory, kMalloc, kMarker,
                             R"((func (export "proxy_on_request_headers") (param i32) (result i32) (i32.const 0)))"}),
                  "instead of (i32, i32, i32) -> i32"));
  EXPECT_TRUE(
      refused_for(module_of({kMemory, kMalloc, kMarker, R"((global (export "proxy_on_log") i32 (i32.const 0)))"}),
                  "something else than a function"));
}

TEST_F(Modules, MemoryAndAllocatorAreNeeded) {
  EXPECT_TRUE(refused_for(module_of({kMalloc, kMarker}), "it exports no memory"));
  EXPECT_TRUE(refused_for(module_of({kMemory, kMarker}), "it exports no allocator"));
  EXPECT_TRUE(refused_for(module_of({kMemory, kMarker, R"((func (export "malloc") (result i32) (i32.const 0)))"}),
                          "it exports malloc as"));
  EXPECT_TRUE(refused_for(module_of({kMemory, kMalloc, kMarker, R"((func (export "_initialize") (param i32)))"}),
                          "it exports _initialize as"));
}

TEST_F(Modules, CodeThatIsInvalidIsRefusedByTheEngine) {
  std::string binary("\0asm\1\0\0\0", 8);
  EXPECT_NE(refusal(module_of({kMemory, kMalloc, kMarker,
                               R"((func (export "proxy_on_log") (param i32) (i32.add (i64.const 1))))"}))
                .find("it does not compile"),
            std::string::npos);
}

TEST_F(Modules, EveryVersionIsFound) {
  for (auto [name, version] : {std::pair{"0_1_0", AbiVersion::k010},
                               {"0_2_0", AbiVersion::k020},
                               {"0_2_1", AbiVersion::k021},
                               {"0_2_100", AbiVersion::k021}}) {
    auto module = runtime_->load_now(write_file("plugin.wat", wat("", "", name)));
    ASSERT_TRUE(module);
    EXPECT_EQ((*module)->abi, version);
  }
}

TEST_F(Modules, OfSeveralVersionsTheHighestCounts) {
  auto module = runtime_->load_now(write_file("plugin.wat", wat("", R"((func (export "proxy_abi_version_0_1_0")))")));
  ASSERT_TRUE(module);
  EXPECT_EQ((*module)->abi, AbiVersion::k021);
}

TEST_F(Modules, AFileThatDidNotChangeIsNotCompiledAgain) {
  std::string path = write_file("plugin.wat", wat("", ""));
  auto first = *runtime_->load_now(path);
  EXPECT_EQ(*runtime_->load_now(path), first);
  auto copy = *runtime_->load_now(write_file("copy.wat", wat("", "")));
  EXPECT_EQ(copy, first);
  auto changed =
      *runtime_->load_now(write_file("plugin.wat", wat("", R"((func (export "proxy_on_log") (param i32)))")));
  EXPECT_NE(changed, first);
  EXPECT_NE(changed->hash, first->hash);
}

}  // namespace
}  // namespace sallyport::wasm
