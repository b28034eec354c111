#include "plugins/wasm/vm.h"

#include "plugins/wasm/trap_text_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm {
namespace {

constexpr std::string_view kLog = R"((import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))";

// Each callback logs a letter of its own and its arguments.
constexpr std::string_view kDiary = R"(
  (func $say (param $letter i32) (param $a i32) (param $b i32)
    (i32.store8 (i32.const 50) (local.get $letter))
    (i32.store8 (i32.const 51) (i32.add (i32.const 48) (local.get $a)))
    (i32.store8 (i32.const 52) (i32.add (i32.const 48) (local.get $b)))
    (drop (call $log (i32.const 2) (i32.const 50) (i32.const 3))))
  (func (export "proxy_on_context_create") (param i32 i32) (call $say (i32.const 67) (local.get 0) (local.get 1)))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (call $say (i32.const 86) (local.get 0) (i32.sub (local.get 1) (i32.const 16))) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $say (i32.const 70) (local.get 0) (local.get 1)) (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $say (i32.const 81) (local.get 0) (local.get 2)) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $say (i32.const 82) (local.get 0) (local.get 2)) (i32.const 0))
  (func (export "proxy_on_done") (param i32) (result i32) (call $say (i32.const 68) (local.get 0) (i32.const 0)) (i32.const 1))
  (func (export "proxy_on_log") (param i32) (call $say (i32.const 76) (local.get 0) (i32.const 0)))
  (func (export "proxy_on_delete") (param i32) (call $say (i32.const 88) (local.get 0) (i32.const 0))))";

class Vms : public WasmFixture {
 protected:
  std::string diary() {
    std::string all;
    for (const std::string& line : log_.lines()) {
      if (line.starts_with("info plugin test: ")) all += line.substr(18) + " ";
    }
    log_.take();
    return all;
  }
  std::string refusal(std::string_view text, std::string configuration = "") {
    auto made = try_plugin(text, std::move(configuration));
    return made ? "(accepted)" : made.error().what;
  }
};

TEST_F(Vms, AConfAndAnExchangeAreTold) {
  auto made = plugin(wat(kLog, kDiary), "123");
  EXPECT_EQ(diary(), "C10 V10 F13 ");  // create root 1 below 0, vm_start, configure with 3 bytes
  {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_TRUE(run.response().proceeds());
    run.run->log();
    EXPECT_EQ(diary(), "C21 Q21 R21 D20 L20 X20 ");
  }
  plugins_.clear();
  made.reset();
  run_messages();
  EXPECT_EQ(diary(), "D10 X10 ");
}

TEST_F(Vms, ALostExchangeIsDoneLoggedAndDeleted) {
  auto made = plugin(wat(kLog, kDiary));
  diary();
  {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
  }
  EXPECT_EQ(diary(), "C21 Q21 D20 L20 X20 ");
}

TEST_F(Vms, TheContextIsMadeRightBeforeItsFirstCallback) {
  auto made = plugin(wat(kLog, kDiary));
  diary();
  {
    PluginRun run(made);
  }
  EXPECT_EQ(diary(), "");
}

TEST_F(Vms, APluginThatOnlyLogsSeesEveryExchange) {
  auto made = plugin(wat(kLog, R"((func (export "proxy_on_log") (param i32)
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0)))))"));
  log_.take();
  PluginRun run(made);
  run.run->log();
  EXPECT_EQ(log_.lines().size(), 1u);
}

TEST_F(Vms, TheOldestVersionGetsNoEndOfStream) {
  PluginRun run(plugin(wat(kLog, R"((func (export "proxy_on_request_headers") (param i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0))) (i32.const 0)))",
                           "0_1_0")));
  EXPECT_TRUE(run.request().proceeds());
}

TEST_F(Vms, EitherStartFunctionRuns) {
  for (std::string_view name : {"_initialize", "_start", "__wasm_call_ctors"}) {
    plugin(wat(kLog, "(data (i32.const 50) \"started\") (func (export \"" + std::string(name) +
                         "\") (drop (call $log (i32.const 2) (i32.const 50) (i32.const 7))))"));
    EXPECT_EQ(diary(), "started ") << name;
  }
}

TEST_F(Vms, AReactorRunsItsMain) {
  for (std::string_view main : {R"("main") (param i32 i32))", R"("__main_void"))"}) {
    plugin(wat(kLog, R"((func (export "_initialize")) (func (export "_start") unreachable)
      (data (i32.const 50) "main") (func (export )" +
                         std::string(main) + R"( (result i32)
        (drop (call $log (i32.const 2) (i32.const 50) (i32.const 4))) (i32.const 0)))"));
    EXPECT_EQ(diary(), "main ") << main;
  }
}

TEST_F(Vms, TheStartSectionMayLog) {
  plugin(wat(kLog, R"((data (i32.const 50) "early") (start $begin)
    (func $begin (drop (call $log (i32.const 2) (i32.const 50) (i32.const 5)))))"));
  EXPECT_EQ(diary(), "early ");
}

constexpr std::string_view kExit = R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))";

TEST_F(Vms, ACommandMayEndWithExitZero) {
  EXPECT_EQ(refusal(wat(kExit, R"((func (export "_start") (call $exit (i32.const 0)) unreachable))")), "(accepted)");
  EXPECT_EQ(refusal(wat(kExit, R"((func (export "_start") (call $exit (i32.const 3)) unreachable))")),
            "plugin test: _start trapped: the plugin called exit(3)" + in_function("_start"));
}

// A command whose main registers the plugin and whose runtime then ends the process, with the C library's allocator
// beside that of the ABI, which is the one to ask.
TEST_F(Vms, WhatTinyGoMakesServesBehindItsExit) {
  std::string imports(kExit);
  imports += kLog;
  imports += R"((import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32))))";
  PluginRun run(plugin(wat(imports, R"(
    (data (i32.const 50) ":path")
    (global $registered (mut i32) (i32.const 0))
    (func (export "_start") (global.set $registered (i32.const 1)) (call $exit (i32.const 0)) unreachable)
    (func (export "malloc") (param i32) (result i32) unreachable)
    (func (export "free") (param i32) unreachable)
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (global.get $registered))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (global.get $registered))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $get (i32.const 0) (i32.const 50) (i32.const 5) (i32.const 16) (i32.const 20)))
      (drop (call $log (i32.const 2) (i32.load (i32.const 16)) (i32.load (i32.const 20)))) (i32.const 0)))")),
                "/tiny");
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(diary(), "/tiny ");
}

TEST_F(Vms, LeavingACallbackByExitIsATrap) {
  PluginRun run(plugin(wat(kExit, R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $exit (i32.const 0)) (i32.const 0)))")));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("the plugin called exit(0)"), std::string::npos);
}

TEST_F(Vms, NothingElseCanBeCalledWhileTheModuleStarts) {
  constexpr std::string_view kTick =
      R"((import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32))))";
  for (std::string_view start :
       {"(start $begin) (func $begin", "(func (export \"_initialize\")", "(func (export \"_start\")"}) {
    std::string reason = refusal(wat(kTick, std::string(start) + " (drop (call $tick (i32.const 1))))"));
    EXPECT_NE(reason.find("it called proxy_set_tick_period_milliseconds while the module starts"), std::string::npos)
        << reason;
  }
}

TEST_F(Vms, EveryStepOfAConfMayRefuse) {
  for (std::string_view callback : {"proxy_on_vm_start", "proxy_validate_configuration", "proxy_on_configure"}) {
    std::string text = wat(kLog, "(data (i32.const 50) \"I do not like it\") (func (export \"" + std::string(callback) +
                                     "\") (param i32 i32) (result i32)"
                                     "(drop (call $log (i32.const 4) (i32.const 50) (i32.const 16))) (i32.const 0))");
    EXPECT_EQ(refusal(text), "plugin test: " + std::string(callback) +
                                 " refused the configuration; its last log line: I do not like it");
    EXPECT_TRUE(log_.has("error plugin test: I do not like it"));
  }
}

TEST_F(Vms, ATrapInAConfTellsTheLastLineOfItsLog) {
  for (std::string_view function : {"_initialize\")", "proxy_on_context_create\") (param i32 i32)"}) {
    std::string text = wat(kLog, "(data (i32.const 50) \"I panic\") (func (export \"" + std::string(function) +
                                     "(drop (call $log (i32.const 4) (i32.const 50) (i32.const 7))) unreachable)");
    EXPECT_THAT(refusal(text), testing::EndsWith("; its last log line: I panic"));
  }
}

TEST_F(Vms, EveryStepOfAConfMayTrap) {
  EXPECT_EQ(refusal(wat("", "(start $begin) (func $begin unreachable)")),
            "plugin test: instantiation trapped: unreachable (a panic or abort)" + in_function("begin"));
  for (std::string_view name : {"_initialize", "_start"}) {
    EXPECT_EQ(refusal(wat("", "(func (export \"" + std::string(name) + "\") unreachable)")),
              "plugin test: " + std::string(name) + " trapped: unreachable (a panic or abort)" + in_function(name));
  }
  for (std::string_view name : {"proxy_on_vm_start", "proxy_validate_configuration", "proxy_on_configure"}) {
    EXPECT_EQ(
        refusal(wat("", "(func (export \"" + std::string(name) + "\") (param i32 i32) (result i32) unreachable)")),
        "plugin test: " + std::string(name) + " trapped: unreachable (a panic or abort)" + in_function(name));
  }
  EXPECT_EQ(refusal(wat("", "(func (export \"proxy_on_context_create\") (param i32 i32) unreachable)")),
            "plugin test: proxy_on_context_create trapped: unreachable (a panic or abort)" +
                in_function("proxy_on_context_create"));
}

TEST_F(Vms, AssemblyScriptSaysWhereItAborted) {
  // Strings are UTF-16, their size in bytes before them.
  std::string reason = refusal(wat(R"((import "env" "abort" (func $abort (param i32 i32 i32 i32))))", R"(
    (data (i32.const 96) "\04\00\00\00n\00o\00") (data (i32.const 196) "\08\00\00\00a\00.\00t\00s\00")
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (call $abort (i32.const 100) (i32.const 200) (i32.const 12) (i32.const 5)) (i32.const 1)))"));
  EXPECT_NE(reason.find("trapped: abort: no at a.ts:12:5" + in_function("proxy_on_configure")), std::string::npos)
      << reason;
}

TEST_F(Vms, MemoryEndsAtItsLimit) {
  PluginPolicy policy;
  policy.limits.memory_bytes = 4 << 20;
  PluginRun run(plugin(wat(kLog, R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (if (i32.ne (memory.size) (i32.const 64)) (then unreachable))
    (i32.const 0)))"),
                       "", policy));
  EXPECT_TRUE(run.request().proceeds());
}

TEST_F(Vms, ATrapAtTheLimitOfMemorySaysSo) {
  PluginPolicy policy;
  policy.limits.memory_bytes = 4 << 20;
  PluginRun run(plugin(wat("", R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (memory.grow (i32.const 62))) unreachable))"),
                       "", policy));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("it uses 3 MiB of its memory limit of 4 MiB"), std::string::npos)
      << verdict.error()->what;
}

TEST_F(Vms, AModuleThatBeginsAboveItsLimitIsRefused) {
  PluginPolicy policy;
  policy.limits.memory_bytes = 1 << 20;
  auto made = try_plugin(
      "(module (memory (export \"memory\") 17) (func (export \"malloc\") (param i32) (result i32) (i32.const 0))"
      "(func (export \"proxy_abi_version_0_2_1\")))",
      "", policy);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find("plugin test: instantiation trapped"), std::string::npos) << made.error().what;
}

TEST_F(Vms, DeepRecursionIsATrap) {
  PluginRun run(
      plugin(wat("", R"((func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $deep (i32.const 0))))")));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find(std::string(end_of_recursion()) + in_function("deep")), std::string::npos)
      << verdict.error()->what;
}

TEST_F(Vms, OtherTrapsAreNamed) {
  const std::vector<std::pair<std::string_view, std::string_view>> traps{
      {"(drop (i32.load (i32.const -8)))", "memory access out of bounds"},
      {"(drop (i32.div_u (i32.const 1) (i32.const 0)))", "integer division by zero"},
      {"(call_indirect (type $t) (i32.const 0))", "call of an empty table entry"},
      {"(call_indirect (type $t) (i32.const 9))", "table access out of bounds"},
      {"(drop (i32.trunc_f32_s (f32.const nan)))", "conversion to integer out of range"}};
  for (auto [code, what] : traps) {
    PluginRun run(plugin(wat("",
                             "(table 1 funcref) (type $t (func)) (func (export \"proxy_on_request_headers\")"
                             "(param i32 i32 i32) (result i32) " +
                                 std::string(code) + "(i32.const 0))")));
    chain::Verdict verdict = run.request();
    ASSERT_NE(verdict.error(), nullptr) << what;
    EXPECT_NE(verdict.error()->what.find(what), std::string::npos) << verdict.error()->what;
  }
}

}  // namespace
}  // namespace sallyport::wasm
