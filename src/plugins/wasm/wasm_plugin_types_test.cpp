#include "plugins/wasm/wasm_plugin_types.h"

#include "plugins/wasm/inline_plugins.h"
#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

class PluginTypes : public WasmFixture {
 protected:
  PluginTypes() {
    settings_.inline_enabled = true;
    settings_.prefix = directory_;
    settings_.allowed_dirs = {directory_};
  }
  void add() {
    auto added = add_wasm_plugins(catalog_, settings_, runtime_);
    ASSERT_TRUE(added) << added.error().what;
  }
  void declare(std::string name, std::string_view text) {
    DeclaredPlugin plugin;
    plugin.name = std::move(name);
    plugin.file = write_file(plugin.name + ".wat", text);
    plugin.priority = 7;
    settings_.plugins.push_back(std::move(plugin));
  }
  // The links of a `plugins` object, or why it was refused.
  Result<std::vector<chain::Link>> links(std::string_view plugins) {
    auto value = json::parse(plugins);
    Running running(chain::compile_links(catalog_, value->object(), "routes/1", nullptr));
    if (!running.is_done()) return fail(ErrorCode::kInternal, "it waits");
    return std::move(running.result());
  }
  std::string refusal(std::string_view plugins) {
    auto made = links(plugins);
    return made ? "(accepted)" : made.error().what;
  }

  WasmSettings settings_;
  chain::Catalog catalog_;
};

// Writes its configuration into the log.
std::string echoing() {
  return wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32))))",
             R"(
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $get (i32.const 7) (i32.const 0) (i32.const 1000) (i32.const 0) (i32.const 4)))
      (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4)))) (i32.const 1)))");
}

TEST_F(PluginTypes, ADeclaredPluginTakesTextOrAnObject) {
  declare("echo", echoing());
  add();
  EXPECT_TRUE(links(R"({"echo": {"conf": "plain text"}})"));
  EXPECT_TRUE(log_.has("plugin echo: plain text"));
  auto made = links(R"({"echo": {"conf": {"b": 1, "a": [true, "x/y"]}}})");
  ASSERT_TRUE(made);
  EXPECT_TRUE(log_.has(R"(plugin echo: {"b":1,"a":[true,"x/y"]})"));
  EXPECT_EQ(made->front().priority, 7);
  EXPECT_EQ(made->front().reason, "plugin:echo");
}

TEST_F(PluginTypes, ADeclaredPluginNeedsAConfThatIsNotEmpty) {
  declare("echo", echoing());
  add();
  EXPECT_NE(refusal(R"({"echo": {}})").find(R"(property "conf" is required)"), std::string::npos);
  for (std::string_view conf : {R"({})", R"("")", "1", "null"}) {
    std::string text = R"({"echo": {"conf": )" + std::string(conf) + "}}";
    EXPECT_NE(refusal(text).find("value should match only one schema, but matches none"), std::string::npos)
        << refusal(text);
  }
}

TEST_F(PluginTypes, ADeclaredPluginThatCannotBeLoadedIsNamed) {
  declare("good", wat("", ""));
  declare("bad", "(module)");
  auto added = add_wasm_plugins(catalog_, settings_, runtime_);
  ASSERT_FALSE(added);
  EXPECT_TRUE(
      added.error().what.starts_with("wasm.plugins: bad: " + directory_ + "/bad.wat: it is no Proxy-Wasm plugin"))
      << added.error().what;
  EXPECT_EQ(catalog_.find("good"), nullptr);
}

TEST_F(PluginTypes, InlinePluginsAreOnlyThereWhenTheyAreEnabled) {
  settings_.inline_enabled = false;
  add();
  EXPECT_EQ(catalog_.find("wasm"), nullptr);
}

TEST_F(PluginTypes, AnInlinePluginNamesItsFile) {
  add();
  write_file("echo.wat", echoing());
  auto made =
      links(R"({"wasm": {"conf": {"path": ")" + directory_ + R"(/echo.wat", "name": "mine", "config": {"a": 1}}}})");
  ASSERT_TRUE(made) << made.error().what;
  ASSERT_EQ(made->size(), 1u);
  EXPECT_EQ(made->front().name, "mine");
  EXPECT_TRUE(log_.has(R"(plugin mine: {"a":1})"));
}

TEST_F(PluginTypes, OneConfMayStandForSeveralPlugins) {
  add();
  write_file("echo.wat", echoing());
  auto made = links(R"({"wasm": {"conf": {"plugins": [
    {"name": "one", "path": "echo.wat", "config": "1"},
    {"name": "two", "path": "echo.wat", "priority": 5},
    {"path": "./echo.wat", "priority": -5}]}}})");
  ASSERT_TRUE(made) << made.error().what;
  std::vector<std::pair<std::string, int>> order;
  for (const chain::Link& link : *made) order.emplace_back(link.name, link.priority);
  EXPECT_EQ(order, (std::vector<std::pair<std::string, int>>{{"two", 5}, {"one", 0}, {"echo", -5}}));
}

TEST_F(PluginTypes, AnInlineConfHasOneOfTwoForms) {
  add();
  for (std::string_view conf :
       {R"({})", R"({"name": "x"})", R"({"plugins": []})", R"({"path": "a", "plugins": [{"path": "a"}]})",
        R"({"path": 1})", R"({"plugins": [{"name": "x"}]})", R"("text")"}) {
    std::string text = R"({"wasm": {"conf": )" + std::string(conf) + "}}";
    EXPECT_NE(refusal(text).find("failed to check the configuration of plugin wasm"), std::string::npos) << text;
  }
}

TEST_F(PluginTypes, AnInlineConfMayAskForLessThanTheBootFileAllows) {
  settings_.defaults.policy.limits.cpu_budget = std::chrono::milliseconds(40);
  settings_.defaults.policy.limits.memory_bytes = 8u << 20;
  add();
  write_file("echo.wat", echoing());
  auto made = links(R"({"wasm": {"conf": {"path": "echo.wat", "cpu_budget": "20ms", "memory_limit": "4m",
                                          "fail": "open", "http_request_phase": "rewrite"}}})");
  EXPECT_TRUE(made) << made.error().what;
}

TEST_F(PluginTypes, AnInlineConfGetsNoMoreThanTheBootFileAllows) {
  settings_.defaults.policy.limits.cpu_budget = std::chrono::milliseconds(40);
  settings_.defaults.policy.limits.memory_bytes = 8u << 20;
  add();
  write_file("echo.wat", echoing());
  EXPECT_EQ(
      refusal(R"({"wasm": {"conf": {"plugins": [{"path": "echo.wat"},
                        {"path": "echo.wat", "cpu_budget": "41ms", "memory_limit": "9m", "fail": "maybe"}]}}})"),
      "failed to check the configuration of plugin wasm err: conf/plugins/1/cpu_budget is \"41ms\", and "
      "wasm.cpu_budget in the boot file allows 40ms; give less, or raise it there; conf/plugins/1/memory_limit is "
      "\"9m\", and wasm.memory_limit in the boot file allows 8388608 bytes; give less, or raise it there; "
      "conf/plugins/1/fail is \"maybe\"; give one of: closed, open, reload");
}

// Answers the first request of its VM and traps at the second.
std::string counting() {
  return wat("", R"((global $seen (mut i32) (i32.const 0))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (global.get $seen) (then unreachable)) (global.set $seen (i32.const 1)) (i32.const 0)))");
}
std::string failure_of(const chain::Link& link) {
  PluginRun run(link.plugin);
  chain::Verdict verdict = run.request();
  return verdict.error() ? verdict.error()->what : "";
}

TEST_F(PluginTypes, PluginsThatNameTheSameVmIdShareAVm) {
  declare("one", counting());
  declare("two", counting());
  for (DeclaredPlugin& plugin : settings_.plugins) plugin.settings.vm.vm_id = "both";
  add();
  auto made = links(R"({"one": {"conf": "x"}, "two": {"conf": "x"}})");
  ASSERT_TRUE(made) << made.error().what;
  std::string text;
  runtime_->state().tally().append_to(text);
  EXPECT_NE(text.find("sallyport_wasm_vms{plugin=\"both\"} 1\n"), std::string::npos) << text;
  EXPECT_EQ(failure_of((*made)[0]), "");
  EXPECT_TRUE(failure_of((*made)[1]).starts_with("plugin two: proxy_on_request_headers trapped: unreachable"));
  EXPECT_EQ(failure_of((*made)[0]), "");
}

TEST_F(PluginTypes, PluginsOfOneFileHaveVmsOfTheirOwn) {
  declare("one", counting());
  declare("two", counting());
  add();
  auto made = links(R"({"one": {"conf": "x"}, "two": {"conf": "x"}})");
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(failure_of((*made)[0]), "");
  EXPECT_EQ(failure_of((*made)[1]), "");
}

TEST_F(PluginTypes, OneVmIdWithOtherLimitsIsAnotherVm) {
  declare("one", counting());
  declare("two", counting());
  for (DeclaredPlugin& plugin : settings_.plugins) plugin.settings.vm.vm_id = "both";
  settings_.plugins[1].settings.vm.env = {{"A", "1"}};
  add();
  auto made = links(R"({"one": {"conf": "x"}, "two": {"conf": "x"}})");
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(failure_of((*made)[0]), "");
  EXPECT_EQ(failure_of((*made)[1]), "");
}

TEST_F(PluginTypes, LinesOfASharedVmHaveTheNameOfTheirPlugin) {
  declare("one", echoing());
  declare("two", echoing());
  for (DeclaredPlugin& plugin : settings_.plugins) plugin.settings.vm.vm_id = "both";
  add();
  ASSERT_TRUE(links(R"({"one": {"conf": "of one"}, "two": {"conf": "of two"}})"));
  EXPECT_TRUE(log_.has("plugin one: of one"));
  EXPECT_TRUE(log_.has("plugin two: of two"));
}

TEST_F(PluginTypes, ARouteDoesNotReachTheSharedDataOfDeclaredPlugins) {
  declare("secret", echoing());
  add();
  EXPECT_EQ(refusal(R"({"wasm": {"conf": {"path": "secret.wat", "name": "mine", "vm_id": "secret"}}})"),
            "failed to check the configuration of plugin wasm err: plugin mine: vm_id secret is that of a plugin which "
            "the boot file declares; choose another one");
  auto made = links(R"({"wasm": {"conf": {"path": "secret.wat", "name": "secret"}}})");
  ASSERT_TRUE(made) << made.error().what;
  std::string text;
  runtime_->state().tally().append_to(text);
  EXPECT_NE(text.find("sallyport_wasm_vms{plugin=\"inline:secret\"} 1\n"), std::string::npos) << text;
}

TEST_F(PluginTypes, AReloadThatHasNoEffectIsToldOnceForAName) {
  if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  add();
  write_file("a.wat", wat("", ""));
  for (std::string_view with : {R"("isolation": "request")", R"("fair": true)"}) {
    EXPECT_TRUE(links(R"({"wasm": {"conf": {"path": "a.wat", "fail": "reload", )" + std::string(with) + "}}}"));
  }
  EXPECT_TRUE(links(R"({"wasm": {"conf": {"path": "a.wat", "name": "b", "fail": "reload"}}})"));
  auto lines = log_.take();
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& line) { return line.contains(": fail is \"reload\""); }), 1);
}

TEST_F(PluginTypes, APluginMayHaveOtherLimitsOfMetrics) {
  declare("one", echoing());
  declare("two", echoing());
  settings_.state_limits.max_metrics = 5;
  settings_.plugins[0].settings.max_metrics = 1;
  add();
  auto& state = runtime_->state();
  for (std::string_view name : {"a", "b", "c"}) {
    state.of("one").metrics.define(MetricType::kCounter, name);
    state.of("two").metrics.define(MetricType::kCounter, name);
  }
  EXPECT_EQ(state.of("one").metrics.size(), 1u);
  EXPECT_EQ(state.of("two").metrics.size(), 3u);
}

TEST_F(PluginTypes, AnInlinePluginMayDefineFewerMetrics) {
  write_file("defines.wat", wat(R"((import "env" "proxy_define_metric"
    (func $define (param i32 i32 i32 i32) (result i32))))",
                                R"((data (i32.const 50) "abcde") (func $define_each (local $i i32)
      (loop $next (drop (call $define (i32.const 0) (i32.add (i32.const 50) (local.get $i)) (i32.const 1) (i32.const 16)))
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  (br_if $next (i32.lt_u (local.get $i) (i32.const 5)))))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $define_each) (i32.const 1)))"));
  settings_.state_limits.max_metrics = 3;
  add();
  EXPECT_TRUE(links(R"({"wasm": {"conf": {"path": "defines.wat", "name": "few", "max_metrics": 2}}})"));
  EXPECT_TRUE(links(R"({"wasm": {"conf": {"path": "defines.wat", "name": "all"}}})"));
  EXPECT_EQ(runtime_->state().of("few").metrics.size(), 2u);
  EXPECT_EQ(runtime_->state().of("all").metrics.size(), 3u);
  EXPECT_NE(refusal(R"({"wasm": {"conf": {"path": "defines.wat", "max_metrics": 4}}})")
                .find("max_metrics is 4, and wasm.max_metrics in the boot file allows 3"),
            std::string::npos);
}

TEST_F(PluginTypes, InlinePathsLeadNowhereElse) {
  std::string outside = directory_ + "-outside";
  std::filesystem::create_directory(outside);
  std::ofstream(outside + "/evil.wat") << wat("", "");
  std::filesystem::create_symlink(outside + "/evil.wat", directory_ + "/link.wat");
  add();
  for (const std::string& path :
       {outside + "/evil.wat", directory_ + "/link.wat",
        directory_ + "/../" + std::filesystem::path(outside).filename().string() + "/evil.wat"}) {
    std::string reason = refusal(R"({"wasm": {"conf": {"path": ")" + path + "\"}}}");
    EXPECT_NE(reason.find("lies outside of wasm.allowed_dirs"), std::string::npos) << reason;
  }
  std::filesystem::remove_all(outside);
  std::string missing = refusal(R"({"wasm": {"conf": {"path": "none.wasm"}}})");
  EXPECT_NE(missing.find("/none.wasm: cannot be read: No such file"), std::string::npos) << missing;
}

TEST_F(PluginTypes, APluginThatSaysNoIsRefusedWithItsReason) {
  add();
  write_file(
      "no.wat",
      wat(R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))",
          R"((data (i32.const 50) "bad header name") (func (export "proxy_on_configure") (param i32 i32) (result i32)
                               (drop (call $log (i32.const 4) (i32.const 50) (i32.const 15))) (i32.const 0)))"));
  EXPECT_EQ(refusal(R"({"wasm": {"conf": {"path": "no.wat"}}})"),
            "failed to check the configuration of plugin wasm err: plugin no: proxy_on_configure refused the "
            "configuration; its last log line: bad header name");
}

}  // namespace
}  // namespace sallyport::wasm
