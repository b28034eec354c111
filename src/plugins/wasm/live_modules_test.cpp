#include "plugins/wasm/live_modules.h"

#include "base/sha256.h"
#include "plugins/wasm/engine_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

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
  std::string why = refusal(
      code(wat("", ""), R"({"priority": "high", "root_id": 1, "fail": "maybe", "file": "x", "memory_limit": "4g"})"));
  for (std::string_view part : {"priority is no number", "root_id is no text", "fail is \"maybe\"", "file is unknown",
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

TEST_F(LiveModulesTest, OneThatCannotBeMadeFailsInEachExchangeAsItsSettingsSay) {
  for (auto [settings, proceeds] : {std::pair("{}", false), std::pair(R"({"fail": "open"})", true)}) {
    auto type = types_.make_failed(code(wat("", ""), settings), Error{ErrorCode::kUnavailable, "damaged"});
    Running made(type->configure(*json::parse(R"({"conf": "x"})"), {}));
    ASSERT_TRUE(made.is_done());
    PluginRun exchange(*made.result());
    chain::Verdict verdict = exchange.request();
    EXPECT_EQ(verdict.proceeds(), proceeds);
    if (!proceeds) EXPECT_EQ(verdict.error()->what, "damaged");
  }
}

}  // namespace
}  // namespace sallyport::wasm
