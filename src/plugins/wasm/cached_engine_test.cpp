#include "plugins/wasm/cached_engine.h"

#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/module.h"
#include "plugins/wasm/wasm_fixture.h"

#include <filesystem>

namespace sallyport::wasm {
namespace {

// Counts what is compiled, and on demand does not take what was saved.
class CountingEngine final : public Engine {
 public:
  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence> sequences) override {
    ++compiled;
    return engine_->compile(bytes, imports, sequences);
  }
  Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                     std::span<const Sequence> sequences) override {
    if (!takes) return fail(ErrorCode::kInvalid, "of another engine");
    return engine_->load(saved, imports, sequences);
  }
  std::string fingerprint() const override { return kind; }
  Result<std::string> assemble(std::string_view text) override { return engine_->assemble(text); }

  int compiled = 0;
  bool takes = true;
  std::string kind = "one kind";

 private:
  std::shared_ptr<Engine> engine_ = make_tested_engine();
};

class CachedEngineTest : public WasmFixture {
 protected:
  void SetUp() override {
    if (is_wasmedge()) GTEST_SKIP() << kNoSavedCode;
  }
  // As after a start: another engine with the cache of the one before.
  std::shared_ptr<const Module> load(std::string_view text) {
    auto cached = with_cache(engine_, std::move(*CodeCache::open(folder_.file("code"), 100u << 20)));
    auto file = read_module_file(*cached, write_file("cached.wat", text));
    auto module = compile_module(*cached, *file);
    EXPECT_TRUE(module) << module.error().what;
    return module ? *module : nullptr;
  }
  std::shared_ptr<CountingEngine> engine_ = std::make_shared<CountingEngine>();
};

TEST_F(CachedEngineTest, CompilesAModuleOnceAndRunsWhatItFinds) {
  std::string text = wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))", R"(
    (data (i32.const 50) "it runs")
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $log (i32.const 2) (i32.const 50) (i32.const 7))) (i32.const 0)))");
  load(text);
  EXPECT_EQ(engine_->compiled, 1);
  auto found = load(text);
  EXPECT_EQ(engine_->compiled, 1);
  auto made = try_module(found, "", {});
  ASSERT_TRUE(made) << made.error().what;
  PluginRun exchange(*made);
  EXPECT_TRUE(exchange.request().proceeds());
  EXPECT_TRUE(log_.has("plugin test: it runs")) << "with its sequence of callbacks";
  load(wat("", ""));
  EXPECT_EQ(engine_->compiled, 2);
}

TEST_F(CachedEngineTest, WhatTheEngineDoesNotTakeIsCompiledAnew) {
  load(wat("", ""));
  engine_->takes = false;
  load(wat("", ""));
  EXPECT_EQ(engine_->compiled, 2);
  engine_->takes = true;
  engine_->kind += " and another processor";
  load(wat("", ""));
  EXPECT_EQ(engine_->compiled, 3);
}

TEST_F(CachedEngineTest, WhatWasTamperedWithIsCompiledAnew) {
  load(wat("", ""));
  for (const auto& file : std::filesystem::directory_iterator(folder_.file("code"))) {
    if (file.path().extension() != ".code") continue;
    std::string name = "code/" + file.path().filename().string();
    std::string bytes = folder_.read(name);
    bytes[bytes.size() / 2] ^= 1;
    folder_.write(name, bytes);
  }
  load(wat("", ""));
  EXPECT_EQ(engine_->compiled, 2);
  load(wat("", ""));
  EXPECT_EQ(engine_->compiled, 2);
}

TEST_F(CachedEngineTest, WhatIsCutOffIsRefused) {
  auto engine = make_tested_engine();
  for (std::string_view bytes : {"", "1234567", "12345678", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}) {
    EXPECT_FALSE(engine->load(bytes, {}, {}));
  }
}

}  // namespace
}  // namespace sallyport::wasm
