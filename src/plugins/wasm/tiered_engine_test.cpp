#include "plugins/wasm/tiered_engine.h"

#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <deque>

namespace sallyport::wasm {
namespace {

constexpr std::string_view kLog = R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))";

// Counts what is compiled. Which of both tiers it stands for, its modules do not show: they run alike.
class CountingEngine final : public Engine {
 public:
  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence> sequences) override {
    ++compiled;
    if (refuses) return fail(ErrorCode::kInvalid, "not with this compiler");
    return engine_->compile(bytes, imports, sequences);
  }
  std::shared_ptr<const CompiledModule> find(std::string_view bytes, std::span<const Import> imports,
                                             std::span<const Sequence> sequences) override {
    if (!knows) return nullptr;
    return *engine_->compile(bytes, imports, sequences);
  }
  Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                     std::span<const Sequence> sequences) override {
    return engine_->load(saved, imports, sequences);
  }
  std::string fingerprint() const override { return engine_->fingerprint(); }
  Result<std::string> assemble(std::string_view text) override { return engine_->assemble(text); }

  int compiled = 0;
  bool refuses = false;
  bool knows = false;

 private:
  std::shared_ptr<Engine> engine_ = make_tested_engine();
};

class TieredEngines : public WasmFixture {
 protected:
  // A module that is large by a section that means nothing, unless it is `padded` by less.
  std::shared_ptr<const Module> load(std::size_t padded = kSmallestTiered) {
    Tiers tiers{quick_, optimising_, at_once_, [this](Message job) { later_.push_back(std::move(job)); },
                [this](const auto& module, auto) { done_.push_back(module.get()); }};
    auto engine = with_first_tier(std::move(tiers));
    std::string text = wat(kLog, "");
    text.insert(text.size() - 1, "(@custom \"padding\" \"" + std::string(padded, 'x') + "\")");
    auto file = read_module_file(*engine, write_file("tiered.wat", text));
    auto module = compile_module(*engine, *file);
    EXPECT_TRUE(module) << module.error().what;
    return module ? *module : nullptr;
  }
  void run_later() {
    for (Message& job : std::exchange(later_, {})) job();
  }

  std::shared_ptr<CountingEngine> quick_ = std::make_shared<CountingEngine>();
  std::shared_ptr<CountingEngine> optimising_ = std::make_shared<CountingEngine>();
  std::shared_ptr<CountingEngine> at_once_ = std::make_shared<CountingEngine>();
  std::deque<Message> later_;
  std::vector<const CompiledModule*> done_;
};

TEST_F(TieredEngines, QuickCodeServesUntilTheOptimisedOneIsThere) {
  auto module = load();
  EXPECT_EQ(quick_->compiled, 1);
  EXPECT_EQ(optimising_->compiled, 0);
  auto first = module->code->latest();
  ASSERT_TRUE(first);
  EXPECT_EQ(module->code->latest(), first);
  const std::size_t bytes = module->code->code_bytes();
  run_later();
  EXPECT_EQ(optimising_->compiled, 1);
  EXPECT_NE(module->code->latest(), first);
  EXPECT_EQ(done_, std::vector{module->code.get()});
  EXPECT_EQ(module->code->code_bytes(), bytes);
  EXPECT_EQ(first.use_count(), 1) << "what is not used any more goes";
}

TEST_F(TieredEngines, WhatIsKnownOptimisedHasNoFirstTier) {
  at_once_->knows = true;
  EXPECT_FALSE(load()->code->latest());
  EXPECT_EQ(quick_->compiled + optimising_->compiled, 0);
  EXPECT_TRUE(later_.empty());
}

TEST_F(TieredEngines, WhatTheQuickCompilerRefusesIsOptimisedAtOnce) {
  quick_->refuses = true;
  EXPECT_FALSE(load()->code->latest());
  EXPECT_EQ(at_once_->compiled, 1);
  EXPECT_TRUE(later_.empty());
}

TEST_F(TieredEngines, ASmallModuleIsOptimisedAtOnce) {
  EXPECT_FALSE(load(1000)->code->latest());
  EXPECT_EQ(at_once_->compiled, 1);
  EXPECT_EQ(quick_->compiled, 0);
}

TEST_F(TieredEngines, AModuleThatIsGoneIsNotOptimised) {
  load();
  run_later();
  EXPECT_EQ(optimising_->compiled, 0);
  EXPECT_TRUE(done_.empty());
}

TEST_F(TieredEngines, WhatCannotBeOptimisedStaysAsItIs) {
  auto module = load();
  auto first = module->code->latest();
  optimising_->refuses = true;
  run_later();
  EXPECT_EQ(module->code->latest(), first);
  EXPECT_TRUE(log_.has("a module stays with the code of the first tier: not with this compiler"));
}

// Counts in a variable of the guest and says how far it is: the first digit; then what has come.
constexpr std::string_view kCounts = R"(
  (func $say (param $letter i32)
    (i32.store8 (i32.const 50) (i32.add (i32.const 48) (i32.load (i32.const 8))))
    (i32.store8 (i32.const 51) (local.get $letter))
    (drop (call $log (i32.const 2) (i32.const 50) (i32.const 2)))
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $say (i32.const 81)) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (if (i32.ge_u (local.get 1) (i32.const 3)) (then unreachable))
    (call $say (i32.const 82)) (i32.const 0))
  (func (export "proxy_on_log") (param i32) (call $say (i32.const 76)))
  (func (export "proxy_on_delete") (param $context i32)
    (if (i32.eq (local.get $context) (i32.const 1)) (then (call $say (i32.const 88))))))";

class RenewedVms : public WasmFixture {
 protected:
  RenewedVms() {
    VmSpec spec;
    spec.plugin = "test";
    spec.module = *runtime_->load_now(write_file("counts.wat", wat(kLog, kCounts)));
    Running made(runtime_->configure(std::move(spec), {"test", "", "x", {}}, "routes/1"));
    roots_ = *made.result();
    plugins_.push_back(plugin_ = std::make_shared<const WasmPlugin>(roots_, PluginPolicy()));
  }
  ~RenewedVms() override {
    plugin_.reset();
    roots_.reset();
  }
  void renew() {
    roots_->group()->vms[0]->renew();
    run_messages();
  }
  std::string said() {
    std::string all;
    for (const std::string& line : log_.lines()) {
      if (line.starts_with("info plugin test: ")) all += line.substr(18) + " ";
    }
    log_.take();
    return all;
  }

  std::shared_ptr<PluginRoots> roots_;
  std::shared_ptr<const WasmPlugin> plugin_;
};

TEST_F(RenewedVms, ExchangesEndWhereTheyBeganAndOthersBeginInTheNewOne) {
  {
    PluginRun before(plugin_);
    EXPECT_TRUE(before.request().proceeds());
    renew();
    PluginRun after(plugin_);
    EXPECT_TRUE(after.request().proceeds());
    EXPECT_EQ(said(), "0Q 0Q ");
    EXPECT_TRUE(before.response().proceeds());
    EXPECT_TRUE(after.response().proceeds());
    EXPECT_EQ(said(), "1R 1R ");
    before.run->log();
    after.run->log();
    EXPECT_EQ(said(), "2L 2L ");
  }
  run_messages();
  EXPECT_EQ(said(), "3X ") << "the root of the Vm that was left ends when its last exchange has";
  PluginRun next(plugin_);
  EXPECT_TRUE(next.request().proceeds());
  EXPECT_EQ(said(), "3Q ");
}

TEST_F(RenewedVms, WithoutExchangesEndAtOnce) {
  renew();
  EXPECT_EQ(said(), "0X ");
}

TEST_F(RenewedVms, ATrapInTheOneThatWasLeftEndsItsOwnExchangesOnly) {
  PluginRun first(plugin_), second(plugin_);
  EXPECT_TRUE(first.request().proceeds());
  EXPECT_TRUE(second.request().proceeds());
  renew();
  PluginRun after(plugin_);
  EXPECT_TRUE(after.request().proceeds());
  first.exchange.response.headers.add("x", "y");
  first.exchange.response.headers.add("x", "y");
  EXPECT_NE(first.response().error(), nullptr);
  run_messages();
  EXPECT_NE(second.response().error(), nullptr);
  EXPECT_TRUE(after.response().proceeds());
  PluginRun next(plugin_);
  EXPECT_TRUE(next.request().proceeds());
  EXPECT_EQ(roots_->group()->vms[0]->vm()->failure(), nullptr);
}

TEST_F(RenewedVms, ATrapInTheNewOneLeavesTheOthersAlone) {
  PluginRun before(plugin_);
  EXPECT_TRUE(before.request().proceeds());
  renew();
  PluginRun after(plugin_);
  EXPECT_TRUE(after.request().proceeds());
  after.exchange.response.headers.add("x", "y");
  after.exchange.response.headers.add("x", "y");
  EXPECT_NE(after.response().error(), nullptr);
  run_messages();
  EXPECT_TRUE(before.response().proceeds());
  PluginRun next(plugin_);
  EXPECT_TRUE(next.request().proceeds());
}

TEST_F(RenewedVms, CanBeRenewedAgainWhileExchangesOfBeforeAreLeft) {
  PluginRun first(plugin_);
  EXPECT_TRUE(first.request().proceeds());
  renew();
  PluginRun second(plugin_);
  EXPECT_TRUE(second.request().proceeds());
  renew();
  EXPECT_TRUE(first.response().proceeds());
  EXPECT_TRUE(second.response().proceeds());
  EXPECT_EQ(said(), "0Q 0Q 1R 1R ");
}

}  // namespace
}  // namespace sallyport::wasm
