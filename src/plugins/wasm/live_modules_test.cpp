#include "plugins/wasm/live_modules.h"

#include "base/sha256.h"
#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/wasm_fixture.h"
#include "plugins/wasm/wasm_plugin_types.h"

namespace sallyport::wasm {
namespace {

class LiveModulesTest : public WasmFixture {
 protected:
  chain::LiveCode code(std::string_view text, std::string_view settings = "{}") {
    std::string path = write_file("live.wat", text);
    std::string bytes = read_module_file(*engine_, path)->bytes;
    return {"mine", *json::parse(settings), sha256_hex(bytes), [this, bytes]() -> Result<std::string> {
              ++reads_;
              return bytes;
            }};
  }
  Result<chain::LiveType> make(chain::LiveCode code) {
    Running made(types_.make(std::move(code)));
    if (!made.is_done()) return fail(ErrorCode::kInternal, "it waits");
    return std::move(made.result());
  }
  std::string refusal(chain::LiveCode code) {
    auto made = make(std::move(code));
    if (made) return "(accepted)";
    EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
    return made.error().what;
  }

  std::shared_ptr<Engine> engine_ = make_tested_engine();
  static WasmSettings settings() {
    WasmSettings settings;
    settings.plugins.emplace_back().name = "declared";
    settings.plugins.emplace_back().name = "other";
    settings.plugins.back().settings.vm.vm_id = "mine";
    return settings;
  }
  LiveModules types_{runtime_, settings()};
  int reads_ = 0;
};

TEST_F(LiveModulesTest, ATypeIsMadeOfAModuleWithItsSettings) {
  auto made = make(code(wat("", ""), R"({"priority": 12, "root_id": "r", "vm_config": {"a": 1}, "fail": "open"})"));
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->type->name(), "mine");
  EXPECT_EQ(made->type->priority(), 12);
  EXPECT_EQ(made->facts.find("abi_version")->string(), "0.2.1");
  EXPECT_TRUE(types_.is_code(std::string_view("\0asm\1\0\0\0", 8)));
  EXPECT_FALSE(types_.is_code("{}"));
}

TEST_F(LiveModulesTest, OneMayDefineFewerMetricsThanTheBootFileAllows) {
  const std::string defines = wat(R"((import "env" "proxy_define_metric"
    (func $define (param i32 i32 i32 i32) (result i32))))",
                                  R"((data (i32.const 50) "ab")
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $define (i32.const 0) (i32.const 50) (i32.const 1) (i32.const 16)))
      (drop (call $define (i32.const 0) (i32.const 51) (i32.const 1) (i32.const 16))) (i32.const 1)))");
  auto made = make(code(defines, R"({"max_metrics": 1, "vm_id": "few"})"));
  ASSERT_TRUE(made) << made.error().what;
  Running configured(made->type->configure(*json::parse(R"({"conf": "x"})"), {"routes/1"}));
  ASSERT_TRUE(configured.is_done() && configured.result());
  EXPECT_EQ(runtime_->state().of("few").metrics.size(), 1u);
  configured.drop();
  run_messages();
  EXPECT_NE(refusal(code(defines, R"({"max_metrics": 1001})")).find("in the boot file allows 1000"), std::string::npos);
}

TEST_F(LiveModulesTest, CodeThatIsKnownIsNotReadAgain) {
  auto first = make(code(wat("", "")));
  auto second = make(code(wat("", ""), R"({"priority": 1})"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(reads_, 1);
}

TEST_F(LiveModulesTest, WhatIsNoPluginIsRefused) {
  EXPECT_TRUE(refusal(code("(module)")).starts_with("plugin mine: it is no Proxy-Wasm plugin"));
  EXPECT_TRUE(refusal(code(wat(R"((import "env" "proxy_teleport" (func)))", "")))
                  .starts_with("plugin mine: it imports env.proxy_teleport, which this gateway does not offer"));
  chain::LiveCode text{"mine", {}, "hash", [] { return Result<std::string>("no module"); }};
  EXPECT_TRUE(refusal(std::move(text)).starts_with("plugin mine: it is not WebAssembly"));
}

TEST_F(LiveModulesTest, AModuleThatDoesNotStartIsRefused) {
  std::string why = refusal(code(wat("", R"((func (export "_initialize") unreachable))")));
  EXPECT_TRUE(why.starts_with("plugin mine: _initialize trapped")) << why;
}

TEST_F(LiveModulesTest, SettingsAreCheckedAndTheirProblemsAllNamed) {
  std::string why =
      refusal(code(wat("", ""), R"({"priority": "high", "root_id": 1, "fail": "maybe", "file": "x", "cpu_bugdet": "1ms",
                                "memory_limit": "4g"})"));
  for (std::string_view part : {"priority is no number", "root_id is no text", "fail is \"maybe\"", "file is unknown",
                                "cpu_bugdet is unknown; did you mean cpu_budget?",
                                "memory_limit is \"4g\", and wasm.memory_limit in the boot file allows"}) {
    EXPECT_NE(why.find(part), std::string::npos) << part << " in " << why;
  }
  EXPECT_TRUE(why.starts_with("invalid configuration: ")) << why;
}

TEST_F(LiveModulesTest, StateOfDeclaredPluginsIsNotForThoseThatAreHandedIn) {
  EXPECT_EQ(refusal(code(wat("", ""), R"({"vm_id": "declared"})")),
            "plugin mine: vm_id declared is that of a plugin which the boot file declares; choose another one");
  auto made = make(code(wat("", "")));  // whose name is the vm_id of a declared one
  ASSERT_TRUE(made);
  Running configured(made->type->configure(*json::parse(R"({"conf": "x"})"), {}));
  ASSERT_TRUE(configured.is_done() && configured.result());
  std::set<std::string> known;
  runtime_->state().for_each([&](const std::string& vm_id, const PluginState&) { known.insert(vm_id); });
  EXPECT_EQ(known, std::set<std::string>{"live:mine"});
}

// Both kinds of plugins in one gateway.
class VmIdsOfRoutes : public LiveModulesTest {
 protected:
  VmIdsOfRoutes() {
    WasmSettings with_inline;
    with_inline.inline_enabled = true;
    with_inline.prefix = directory_;
    with_inline.allowed_dirs = {directory_};
    EXPECT_TRUE(add_wasm_plugins(catalog_, with_inline, runtime_));
    write_file("inline.wat", wat("", ""));
  }
  // A plugin that a route names with these members beside its path.
  Result<std::vector<chain::Link>> named_by_route(std::string_view members) {
    auto plugins = json::parse(R"({"wasm": {"conf": {"path": "inline.wat", )" + std::string(members) + "}}}");
    Running made(chain::compile_links(catalog_, plugins->object(), "routes/1", nullptr));
    if (!made.is_done()) return fail(ErrorCode::kInternal, "it waits");
    return std::move(made.result());
  }
  void configure(const Result<chain::LiveType>& made) {
    ASSERT_TRUE(made) << made.error().what;
    Running configured(made->type->configure(*json::parse(R"({"conf": "x"})"), {}));
    ASSERT_TRUE(configured.is_done() && configured.result());
  }
  std::set<std::string> vm_ids() {
    std::set<std::string> known;
    runtime_->state().for_each([&](const std::string& vm_id, const PluginState&) { known.insert(vm_id); });
    return known;
  }
  static chain::LiveCode named(std::string name, chain::LiveCode code) {
    code.name = std::move(name);
    return code;
  }

  chain::Catalog catalog_;
};

TEST_F(VmIdsOfRoutes, ARouteDoesNotReachTheStateOfAPluginThatWasPut) {
  auto put = make(named("probe", code(wat("", ""))));
  auto given = make(named("other", code(wat("", ""), R"({"vm_id": "team"})")));
  configure(put);
  configure(given);
  for (std::string_view taken : {"probe", "team"}) {
    auto made = named_by_route(R"("name": "mine", "vm_id": ")" + std::string(taken) + '"');
    ASSERT_FALSE(made) << taken;
    EXPECT_NE(made.error().what.find("plugin mine: vm_id " + std::string(taken) +
                                     " is that of a plugin which was put through the Admin API; choose another one"),
              std::string::npos)
        << made.error().what;
  }
  auto of_its_name = named_by_route(R"("name": "probe")");
  ASSERT_TRUE(of_its_name) << of_its_name.error().what;
  EXPECT_EQ(vm_ids(), (std::set<std::string>{"inline:probe", "probe", "team"}));
}

TEST_F(VmIdsOfRoutes, OneThatIsPutLaterGetsNoStateThatARouteHas) {
  auto route = named_by_route(R"("name": "probe")");
  auto asking = named_by_route(R"("name": "mine", "vm_id": "team")");
  ASSERT_TRUE(route && asking);
  configure(make(named("probe", code(wat("", "")))));
  EXPECT_EQ(vm_ids(), (std::set<std::string>{"live:probe", "probe", "team"}));
  for (auto [name, settings] :
       {std::pair("team", "{}"), std::pair("new", R"({"vm_id": "team"})"), std::pair("new", R"({"vm_id": "probe"})")}) {
    EXPECT_NE(refusal(named(name, code(wat("", ""), settings))).find("is that of a plugin which a route names"),
              std::string::npos);
  }
  asking->clear();  // the route has gone
  EXPECT_TRUE(make(named("team", code(wat("", "")))));
}

TEST_F(VmIdsOfRoutes, StateStaysOutOfReachWhenItsPluginHasFailed) {
  types_.make_failed(named("probe", code(wat("", ""))), Error{ErrorCode::kUnavailable, "damaged"});
  EXPECT_FALSE(named_by_route(R"("vm_id": "probe")"));
}

TEST_F(LiveModulesTest, AReloadThatHasNoEffectIsTold) {
  if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  ASSERT_TRUE(make(code(wat("", ""), R"({"fail": "reload"})")));
  EXPECT_FALSE(log_.has("fail is"));
  ASSERT_TRUE(make(code(wat("", ""), R"({"fail": "reload", "isolation": "request"})")));
  EXPECT_TRUE(log_.has("warn plugin mine: fail is \"reload\", which is as closed for exchanges of a plugin with"));
}

TEST_F(LiveModulesTest, OneThatCannotBeMadeFailsInEachExchangeAsItsSettingsSay) {
  for (auto [settings, proceeds] : {std::pair("{}", false), std::pair(R"({"fail": "open"})", true)}) {
    auto type = types_.make_failed(code(wat("", ""), settings), Error{ErrorCode::kUnavailable, "damaged"});
    Running made(type->configure(*json::parse(R"({"conf": "x"})"), {}));
    ASSERT_TRUE(made.is_done());
    PluginRun exchange(*made.result());
    chain::Verdict verdict = exchange.request();
    EXPECT_EQ(verdict.proceeds(), proceeds);
    if (!proceeds) {
      EXPECT_EQ(verdict.error()->what, "damaged");
    }
  }
}

}  // namespace
}  // namespace sallyport::wasm
