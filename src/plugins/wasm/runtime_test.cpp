#include "plugins/wasm/runtime.h"

#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

using chain::Phase;

class Runtimes : public WasmFixture {
 protected:
  Result<std::shared_ptr<PluginRoots>> configure(std::shared_ptr<const Module> module, std::string configuration,
                                                 std::string resource, std::string name = "test") {
    VmSpec spec;
    spec.plugin = name;
    spec.module = std::move(module);
    Running running(runtime_->configure(std::move(spec), {name, "", std::move(configuration)}, std::move(resource)));
    if (!running.is_done()) return fail(ErrorCode::kInternal, "configure waits");
    return std::move(running.result());
  }
  // One that must succeed.
  std::shared_ptr<PluginRoots> configured(std::shared_ptr<const Module> module, std::string configuration,
                                          std::string resource, std::string name = "test") {
    auto made = configure(std::move(module), std::move(configuration), std::move(resource), std::move(name));
    if (!made) throw std::runtime_error(made.error().what);
    return *made;
  }
  std::shared_ptr<const Module> module(std::string_view text) {
    auto loaded = runtime_->load_now(write_file("m.wat", text));
    if (!loaded) throw std::runtime_error(loaded.error().what);
    return *loaded;
  }
};

TEST_F(Runtimes, TheSameConfAtTheSamePlaceKeepsItsRoot) {
  auto code = module(wat("", ""));
  auto first = configured(code, "a", "routes/1");
  EXPECT_EQ(configured(code, "a", "routes/1"), first);
  EXPECT_NE(configured(code, "b", "routes/1"), first);
  EXPECT_NE(configured(code, "a", "routes/2"), first);
}

TEST_F(Runtimes, ConfsOfAPluginShareAVm) {
  auto code = module(wat("", ""));
  auto first = configured(code, "a", "routes/1");
  auto second = configured(code, "b", "routes/2");
  EXPECT_EQ(first->at(0).vm().spec().plugin, "test");
  EXPECT_EQ(&first->at(0).vm(), &second->at(0).vm());
  EXPECT_NE(first->at(0).context().id, second->at(0).context().id);
}

TEST_F(Runtimes, OtherNamesAndOtherCodeHaveOtherVms) {
  auto code = module(wat("", ""));
  auto first = configured(code, "a", "routes/1");
  EXPECT_NE(&configured(code, "a", "routes/1", "other")->at(0).vm(), &first->at(0).vm());
  auto changed = module(wat("", R"((func (export "proxy_on_log") (param i32)))"));
  EXPECT_NE(&configured(changed, "a", "routes/1")->at(0).vm(), &first->at(0).vm());
}

TEST_F(Runtimes, AConfThatIsGoneIsDrainedAndItsVmWithTheLast) {
  auto code = module(wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))", R"(
    (data (i32.const 50) "deleted") (func (export "proxy_on_delete") (param i32)
      (drop (call $log (i32.const 2) (i32.const 50) (i32.const 7)))))"));
  auto first = configured(code, "a", "routes/1");
  auto second = configured(code, "b", "routes/2");
  Vm& vm = first->at(0).vm();
  EXPECT_EQ(vm.root_count(), 2u);
  std::weak_ptr group = first->group();
  first.reset();
  EXPECT_EQ(vm.root_count(), 2u);  // until its worker has time
  run_messages();
  EXPECT_EQ(vm.root_count(), 1u);
  EXPECT_TRUE(log_.has("plugin test: deleted"));
  second.reset();
  run_messages();
  EXPECT_TRUE(group.expired());
}

TEST_F(Runtimes, ARefusedConfLeavesTheOthersAlone) {
  // Refuses everything that is not two bytes long.
  auto code = module(wat("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.eq (local.get 1) (i32.const 2))))"));
  auto good = configured(code, "ok", "routes/1");
  EXPECT_FALSE(configure(code, "bad", "routes/2"));
  EXPECT_EQ(good->at(0).vm().root_count(), 1u);
  EXPECT_EQ(good->at(0).prepare(), WorkerVm::State::kReady);
}

TEST_F(Runtimes, AModuleWhoseConfWasRefusedIsNotCompiledAgain) {
  auto code = module(wat("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0)))"));
  EXPECT_FALSE(configure(code, "", "routes/1"));
  std::weak_ptr compiled = code;
  code.reset();
  EXPECT_EQ(*runtime_->load_now(directory_ + "/m.wat"), compiled.lock());
  EXPECT_FALSE(compiled.expired());
}

TEST_F(Runtimes, AConfThatTakesLongGetsItsOwnVm) {
  // Counts for some milliseconds when its configuration is not empty.
  const std::string rounds = is_wasmedge() ? "10000000" : "100000000";
  auto code = module(wat("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32) (local $i i64)
    (if (local.get 1) (then
      (loop $l (local.set $i (i64.add (local.get $i) (i64.const 1)))
               (br_if $l (i64.lt_u (local.get $i) (i64.const )" +
                                 rounds + R"())))))
    (i32.const 1)))"));
  auto light = configured(code, "", "routes/1");
  auto heavy = configured(code, "x", "routes/2");
  auto light_too = configured(code, "", "routes/3");
  EXPECT_NE(&light->at(0).vm(), &heavy->at(0).vm());
  EXPECT_EQ(&light->at(0).vm(), &light_too->at(0).vm());
}

TEST_F(Runtimes, ATrialLogsOnlyWhatWasRefused) {
  auto code = module(wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))", R"(
    (data (i32.const 50) "configured") (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $log (i32.const 2) (i32.const 50) (i32.const 10))) (i32.const 1)))"));
  auto made = configured(code, "", "routes/1");
  EXPECT_EQ(log_.lines().size(), 1u);  // of the one worker
}

}  // namespace
}  // namespace sallyport::wasm
