#include "plugins/wasm/module_cache.h"

#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

class ModuleCaches : public WasmFixture {
 protected:
  // Compiles a module that is remembered as the content of `path`, and is used by nobody.
  std::weak_ptr<const Module> remember(ModuleCache& cache, const std::string& path) {
    ModuleFile file{path, *engine_->assemble(wat("", "")), "hash of " + path};
    std::shared_ptr<const Module> module = *compile_module(*engine_, file);
    cache.remember(path, kStamp, module);
    return module;
  }

  static constexpr FileStamp kStamp{.device = 1, .inode = 2, .size = 3, .modified = 4, .changed = 5};
  std::shared_ptr<Engine> engine_ = make_tested_engine();
};

TEST_F(ModuleCaches, AModuleIsFoundAgainThoughNobodyUsesIt) {
  ModuleCache cache;
  auto module = remember(cache, "/a.wasm");
  EXPECT_EQ(cache.find_by_stamp("/a.wasm", kStamp), module.lock());
  EXPECT_EQ(cache.find_by_hash("hash of /a.wasm"), module.lock());
  EXPECT_EQ(cache.find_by_hash("hash of /b.wasm"), nullptr);
}

TEST_F(ModuleCaches, AFileThatChangedOrIsGoneIsReadAgain) {
  ModuleCache cache;
  remember(cache, "/a.wasm");
  FileStamp changed = kStamp;
  changed.modified = 6;
  EXPECT_EQ(cache.find_by_stamp("/a.wasm", changed), nullptr);
  EXPECT_EQ(cache.find_by_stamp("/a.wasm", {}), nullptr);
  EXPECT_EQ(stamp_of(directory_ + "/none"), FileStamp{});
}

TEST_F(ModuleCaches, BeyondItsBoundTheOneThatWasNotAskedForIsDropped) {
  ModuleCache cache({.modules = 2, .code_bytes = 1u << 30});
  auto a = remember(cache, "/a.wasm");
  auto b = remember(cache, "/b.wasm");
  cache.find_by_hash("hash of /a.wasm");
  auto c = remember(cache, "/c.wasm");
  EXPECT_FALSE(a.expired());
  EXPECT_TRUE(b.expired());
  EXPECT_FALSE(c.expired());
}

TEST_F(ModuleCaches, CodeIsBoundedByItsSizeToo) {
  if (is_wasmedge()) GTEST_SKIP() << kNoSavedCode;
  ModuleCache measure;
  std::size_t one = remember(measure, "/a.wasm").lock()->code->code_bytes();
  EXPECT_GT(one, 1000u);
  ModuleCache cache({.modules = 8, .code_bytes = 2 * one});
  auto a = remember(cache, "/a.wasm");
  auto b = remember(cache, "/b.wasm");
  auto c = remember(cache, "/c.wasm");
  EXPECT_TRUE(a.expired());
  EXPECT_FALSE(b.expired());
  ModuleCache small({.modules = 8, .code_bytes = one - 1});
  EXPECT_TRUE(remember(small, "/a.wasm").expired());
}

TEST_F(ModuleCaches, WhatIsInUseIsFoundBeyondEveryBound) {
  ModuleCache cache({.modules = 0, .code_bytes = 0});
  ModuleFile file{"/a.wasm", *engine_->assemble(wat("", "")), "hash"};
  std::shared_ptr<const Module> used = *compile_module(*engine_, file);
  cache.remember("/a.wasm", kStamp, used);
  EXPECT_EQ(cache.find_by_stamp("/a.wasm", kStamp), used);
}

}  // namespace
}  // namespace sallyport::wasm
