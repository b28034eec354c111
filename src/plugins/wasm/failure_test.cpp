// What follows when a guest traps or does not end: for its exchange, for others in the same Vm, and for the next.

#include "plugins/wasm/trap_text_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

using chain::Phase;

class Failures : public WasmFixture {
 protected:
  Failures() { policy_.limits.cpu_budget = policy_.limits.start_budget = std::chrono::milliseconds(20); }

  // Does `code` when a request has more than its three pseudo-headers.
  static std::string failing_in(std::string_view callback, std::string_view code) {
    constexpr std::string_view kCallbacks[] = {"request_headers", "request_body", "response_headers", "response_body"};
    std::string body = "(global $bad (mut i32) (i32.const 0)) (func $fail " + std::string(code) + ")";
    for (std::string_view name : kCallbacks) {
      body += "(func (export \"proxy_on_" + std::string(name) + "\") (param i32 i32 i32) (result i32)";
      if (name == "request_headers") body += "(global.set $bad (i32.gt_u (local.get 1) (i32.const 3)))";
      if (name == callback) body += "(if (global.get $bad) (then (call $fail)))";
      body += "(i32.const 0))";
    }
    for (std::string_view name : {"done", "log", "delete"}) {
      body +=
          "(func (export \"proxy_on_" + std::string(name) + "\") (param i32) " + (name == "done" ? "(result i32)" : "");
      if (name == callback) body += "(if (global.get $bad) (then (call $fail)))";
      body += name == "done" ? "(i32.const 1))" : ")";
    }
    return wat("", body);
  }

  static bool goes_through(PluginRun& run) {
    bool proceeds = run.request().proceeds() && run.body(Phase::kRequestBody, "one", true) == "one" &&
                    run.response().proceeds() && run.body(Phase::kResponseBody, "two", true) == "two";
    run.run->log();
    return proceeds;
  }

  void fails_and_recovers(std::string_view callback, std::string_view code, std::string_view why) {
    SCOPED_TRACE(callback);
    bool in_exchange = callback != "done" && callback != "log" && callback != "delete";
    for (OnFailure on_failure : {OnFailure::kRefuse, OnFailure::kPass}) {
      log_.take();
      policy_.on_failure = on_failure;
      auto made = plugin(failing_in(callback, code), "", policy_);
      PluginRun bad(made);
      bad.header("x", "y");
      EXPECT_EQ(goes_through(bad), !in_exchange || on_failure == OnFailure::kPass);
      EXPECT_TRUE(log_.has("plugin test: proxy_on_" + std::string(callback) + " trapped: " + std::string(why)));
      PluginRun good(made);
      EXPECT_TRUE(goes_through(good));
      run_messages();
      PluginRun another(made);
      EXPECT_TRUE(goes_through(another));
    }
  }

  PluginPolicy policy_;
};

constexpr std::string_view kEveryCallback[] = {
    "request_headers", "request_body", "response_headers", "response_body", "done", "log", "delete"};

TEST_F(Failures, ATrapInAnyCallbackIsSurvived) {
  for (std::string_view callback : kEveryCallback) fails_and_recovers(callback, "unreachable", "unreachable");
}

TEST_F(Failures, AnEndlessLoopInAnyCallbackIsStopped) {
  for (std::string_view callback : kEveryCallback) {
    fails_and_recovers(callback, "(loop $l (br $l))", "CPU budget of 20 ms used up" + in_function("fail"));
  }
}

TEST_F(Failures, AnEndlessLoopWhileStartingIsStopped) {
  for (std::string_view start :
       {"(start $begin) (func $begin", "(func (export \"_initialize\")", "(func (export \"_start\")"}) {
    auto made = try_plugin(wat("", std::string(start) + "(loop $l (br $l)))"), "", policy_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kInvalid);
    EXPECT_NE(made.error().what.find("CPU budget of 20 ms used up"), std::string::npos) << made.error().what;
  }
}

TEST_F(Failures, AnEndlessLoopInAConfIsStopped) {
  for (std::string_view name : {"proxy_on_vm_start", "proxy_validate_configuration", "proxy_on_configure"}) {
    auto made = try_plugin(wat("", "(func (export \"" + std::string(name) +
                                       "\") (param i32 i32) (result i32) (loop $l (br $l)) unreachable)"),
                           "", policy_);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().what.find(std::string(name) + " trapped: CPU budget"), std::string::npos)
        << made.error().what;
  }
}

TEST_F(Failures, AnEndlessLoopInTheAllocatorIsStopped) {
  PluginRun run(
      plugin(R"((module (import "env" "proxy_get_header_map_pairs" (func $get (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (loop $l (br $l)) unreachable)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $get (i32.const 0) (i32.const 0) (i32.const 4)))))",
             "", policy_));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("its allocator trapped: CPU budget"), std::string::npos)
      << verdict.error()->what;
}

// Pauses requests with three pseudo-headers, traps on others.
std::string pausing_or_trapping() {
  return wat("", R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 1) (i32.const 3)) (then unreachable)) (i32.const 1)))");
}

TEST_F(Failures, PausedExchangesOfAFailedVmEndByThePolicy) {
  for (OnFailure on_failure : {OnFailure::kRefuse, OnFailure::kPass}) {
    policy_.on_failure = on_failure;
    auto made = plugin(pausing_or_trapping(), "", policy_);
    PluginRun first(made);
    PluginRun second(made);
    Running first_waits(first.run->run(Phase::kAccess));
    Running second_waits(second.run->run(Phase::kAccess));
    PluginRun bad(made);
    bad.header("x", "y");
    EXPECT_EQ(bad.request().proceeds(), on_failure == OnFailure::kPass);
    EXPECT_FALSE(first_waits.is_done());
    run_messages();
    ASSERT_TRUE(first_waits.is_done() && second_waits.is_done());
    EXPECT_EQ(first_waits.result().proceeds(), on_failure == OnFailure::kPass);
    EXPECT_EQ(second_waits.result().proceeds(), on_failure == OnFailure::kPass);
  }
}

TEST_F(Failures, AnExchangeThatOutlivesItsVmIsNotCalledAgain) {
  auto made = plugin(failing_in("request_headers", "unreachable"), "", policy_);
  PluginRun first(made);
  EXPECT_TRUE(first.request().proceeds());
  {
    PluginRun bad(made);
    bad.header("x", "y");
    EXPECT_FALSE(bad.request().proceeds());
    bad.run->log();
  }
  run_messages();
  PluginRun next(made);
  EXPECT_TRUE(goes_through(next));
  chain::Verdict verdict = first.response();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("proxy_on_request_headers trapped"), std::string::npos);
  first.run->log();
}

TEST_F(Failures, ConfsOfOneModuleShareItsFate) {
  std::string text = failing_in("request_headers", "unreachable");
  auto module = *runtime_->load_now(write_file("shared.wat", text));
  auto one = *try_module(module, "1", policy_);
  auto two = *try_module(module, "2", policy_);
  PluginRun bad(one);
  bad.header("x", "y");
  EXPECT_FALSE(bad.request().proceeds());
  PluginRun other(two);
  EXPECT_TRUE(goes_through(other));
  PluginRun same(one);
  EXPECT_TRUE(goes_through(same));
}

TEST_F(Failures, FailingAgainAndAgainIsSurvived) {
  auto made = plugin(failing_in("request_headers", "unreachable"), "", policy_);
  for (int i = 0; i < 5; ++i) {
    PluginRun bad(made);
    bad.header("x", "y");
    EXPECT_FALSE(bad.request().proceeds());
    bad.run->log();
    run_messages();
  }
  PluginRun good(made);
  EXPECT_TRUE(goes_through(good));
}

}  // namespace
}  // namespace sallyport::wasm
