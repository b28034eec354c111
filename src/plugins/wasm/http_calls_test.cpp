#include "plugins/wasm/http_calls.h"

#include "async/manual_reactor_fixture.h"
#include "plugins/wasm/scripted_http_client_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

#include <cstring>

namespace sallyport::wasm {
namespace {

using http::CallFailure;
using namespace std::chrono_literals;

constexpr std::string_view kImports = R"(
  (import "env" "proxy_http_call" (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_status" (func $status (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $value (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $bytes (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_status" (func $size (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $edit (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32))))";

// Calls `auth` by `$call`, and shows its first 8 KiB in the shared data `told` in the callback: its parameters at 200,
// after which `told` runs. The number of the call stands at 16, that of the exchange that asked last at 20.
std::string calling(std::string_view told, std::string_view more = "") {
  // :method GET, :path /, :authority a
  return wat(kImports, R"(
    (data (i32.const 1000) "auth")
    (data (i32.const 1010) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00")
    (data (i32.const 1038) ":method\00GET\00:path\00/\00:authority\00a\00")
    (data (i32.const 1100) "told") (data (i32.const 1110) "x-one")
    (func $call (drop (call $http_call (i32.const 1000) (i32.const 4) (i32.const 1010) (i32.const 61)
                        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 16))))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
      (i32.store (i32.const 200) (local.get 0))
      (i32.store (i32.const 204) (local.get 1))
      (i32.store (i32.const 208) (local.get 2))
      (i32.store (i32.const 212) (local.get 3))
      (i32.store (i32.const 216) (local.get 4))
      )" + std::string(told) +
                           R"(
      (drop (call $share (i32.const 1100) (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 0)))))" +
                           std::string(more));
}

constexpr std::string_view kReadAll = R"(
  (i32.store (i32.const 240) (call $status (i32.const 244) (i32.const 248) (i32.const 252)))
  (drop (call $pairs (i32.const 6) (i32.const 256) (i32.const 260)))
  (drop (call $pairs (i32.const 7) (i32.const 264) (i32.const 268)))
  (drop (call $value (i32.const 6) (i32.const 1110) (i32.const 5) (i32.const 272) (i32.const 276)))
  (drop (call $bytes (i32.const 4) (i32.const 1) (i32.const 100) (i32.const 280) (i32.const 284)))
  (drop (call $size (i32.const 4) (i32.const 288) (i32.const 292)))
  (i32.store (i32.const 296) (call $edit (i32.const 4) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4))))";

constexpr std::string_view kAskAndPause = R"(
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 20) (local.get 0))
    (call $call)
    (i32.const 1)))";

constexpr std::string_view kChooseAndContinue = R"(
  (i32.store (i32.const 220) (call $choose (i32.load (i32.const 20))))
  (drop (call $continue (i32.const 0))))";

class HttpCallsTest : public WasmFixture {
 protected:
  HttpCallsTest() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.timers.push_back(timers_of(loop_));
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), time_, tested_engine());
  }
  ~HttpCallsTest() override {
    plugins_.clear();
    run_messages();
  }

  std::string told() {
    auto value = runtime_->state().of("test").data.get("told");
    return value ? *value->text : std::string();
  }
  std::uint32_t number(std::size_t at) {
    std::uint32_t number = 0;
    const std::string bytes = told();
    if (bytes.size() >= at + 4) std::memcpy(&number, bytes.data() + at, 4);
    return number;
  }
  std::string text(std::size_t at) {
    const std::string bytes = told();
    return bytes.empty() ? "(not told)" : bytes.substr(number(at), number(at + 4));
  }
  std::uint64_t counted(CallOutcome outcome) { return runtime_->state().of("test").calls.of(outcome); }
  std::uint64_t active() { return runtime_->state().of("test").calls.active(); }
  bool is_dropped(std::size_t index) const { return client_.flights.at(index)->dropped; }

  // An exchange whose plugin has asked and waits.
  struct Waiting {
    explicit Waiting(std::shared_ptr<const chain::Plugin> plugin)
        : run(std::move(plugin)), phase(run.run->run(chain::Phase::kAccess)) {}
    PluginRun run;
    Running<chain::Verdict> phase;
  };

  FakeClock time_;
  async::ManualReactor loop_;
  ScriptedHttpClient client_;
};

TEST_F(HttpCallsTest, TheAnswerIsToldToTheRootWithItsHeadersBodyAndTrailers) {
  auto made = plugin(calling(kReadAll, kAskAndPause));
  Waiting waiting(made);
  ASSERT_EQ(client_.flights.size(), 1u);
  EXPECT_EQ(active(), 1u);
  client_.answer(0, http::CallAnswer{403, {{"X-One", "1"}, {"x-two", "2"}}, "body", {{"x-end", "3"}}});
  EXPECT_EQ(number(200), 1u);
  EXPECT_EQ(number(204), 4u);
  EXPECT_EQ(number(208), 3u);
  EXPECT_EQ(number(212), 4u);
  EXPECT_EQ(number(216), 1u);
  EXPECT_EQ(number(240), 0u);
  EXPECT_EQ(number(244), 0u);
  EXPECT_NE(text(256).find(std::string(":status\0"
                                       "403\0x-one\0"
                                       "1\0x-two\0"
                                       "2\0",
                                       28)),
            std::string::npos);
  EXPECT_NE(text(264).find(std::string("x-end\0"
                                       "3\0",
                                       8)),
            std::string::npos);
  EXPECT_EQ(text(272), "1");
  EXPECT_EQ(text(280), "ody");
  EXPECT_EQ(number(288), 4u);
  EXPECT_EQ(number(296), 0u);
  EXPECT_EQ(counted(CallOutcome::kAnswered), 1u);
  EXPECT_EQ(active(), 0u);
  EXPECT_FALSE(waiting.phase.is_done());
}

TEST_F(HttpCallsTest, TheAnswerStaysReadableInTheContextOfTheExchange) {
  auto made = plugin(calling(std::string(kChooseAndContinue) + std::string(kReadAll), kAskAndPause));
  Waiting waiting(made);
  client_.answer(0, 200, "body");
  EXPECT_EQ(number(220), 0u);
  EXPECT_EQ(text(272), "1");
  EXPECT_EQ(text(280), "ody");
}

TEST_F(HttpCallsTest, TheExchangeGoesOnWhenTheCallbackSaysSo) {
  auto made = plugin(calling(kChooseAndContinue, kAskAndPause));
  Waiting waiting(made);
  client_.answer(0, 200);
  EXPECT_FALSE(waiting.phase.is_done());
  run_messages();
  ASSERT_TRUE(waiting.phase.is_done());
  EXPECT_TRUE(waiting.phase.result().proceeds());
}

TEST_F(HttpCallsTest, WhoeverIsNotThereOrLateIsStoodInFor) {
  auto made = plugin(calling(kReadAll, kAskAndPause));
  for (auto [kind, status, body] : {std::tuple(CallFailure::Kind::kUnavailable, "503", "o healthy upstream"),
                                    std::tuple(CallFailure::Kind::kTimeout, "504", "pstream request timeout")}) {
    Waiting waiting(made);
    client_.fail_with(client_.flights.size() - 1, kind);
    EXPECT_NE(text(256).find(std::string(":status\0", 8) + status), std::string::npos);
    EXPECT_EQ(text(280), body);
    EXPECT_EQ(number(208), 3u);
    EXPECT_EQ(number(244), 0u);
  }
  EXPECT_EQ(counted(CallOutcome::kUnavailable), 1u);
  EXPECT_EQ(counted(CallOutcome::kTimeout), 1u);
  EXPECT_TRUE(log_.has("http_call to \"auth\": it failed"));
}

TEST_F(HttpCallsTest, AnAnswerThatBrokeOffHasNothingAndAStatus) {
  auto made = plugin(calling(kReadAll, kAskAndPause));
  Waiting waiting(made);
  client_.fail_with(0, CallFailure::Kind::kBroken);
  EXPECT_EQ(number(204), 4u);
  EXPECT_EQ(number(208), 0u);
  EXPECT_EQ(number(212), 0u);
  EXPECT_EQ(number(216), 0u);
  EXPECT_EQ(number(244), 11u);
  EXPECT_EQ(text(248), "reset");
  EXPECT_EQ(counted(CallOutcome::kReset), 1u);
}

TEST_F(HttpCallsTest, FailuresThatComeOftenAreToldOnceASecond) {
  auto made = plugin(calling("", kAskAndPause));
  for (int i = 0; i < 4; ++i) {
    Waiting waiting(made);
    if (i == 3) time_.advance(1s);
    client_.fail_with(client_.flights.size() - 1, CallFailure::Kind::kTimeout);
  }
  EXPECT_TRUE(log_.has("it failed (and 2 lines about HTTP calls before)"));
}

TEST_F(HttpCallsTest, AnAnswerAfterTheEndOfItsExchangeIsToldToTheRoot) {
  auto made = plugin(calling(kChooseAndContinue, kAskAndPause));
  {
    Waiting gone(made);
  }
  EXPECT_FALSE(is_dropped(0));
  client_.answer(0, 200);
  EXPECT_EQ(number(204), 4u);
  EXPECT_EQ(number(220), 2u);  // there is no such context any more
  run_messages();
  EXPECT_EQ(made.use_count(), 2);
}

TEST_F(HttpCallsTest, AnswersComeInAnyOrder) {
  auto made = plugin(calling(R"((i32.store (i32.const 20) (i32.div_u (local.get 1) (i32.const 4))))", kAskAndPause));
  Waiting first(made), second(made);
  client_.answer(1, 200);
  EXPECT_EQ(number(204), 8u);
  client_.answer(0, 200);
  EXPECT_EQ(number(204), 4u);
}

TEST_F(HttpCallsTest, WhatIsAskedForWhileConfiguringGoesOutOnceTheRootIsOnItsWorker) {
  auto made = plugin(calling("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $call) (i32.const 1)))"));
  ASSERT_EQ(client_.flights.size(), 1u);  // and none of the trial
  EXPECT_TRUE(client_.flights[0]->order.waits_for_target);
  client_.answer(0, 200);
  EXPECT_EQ(number(204), 4u);
}

TEST_F(HttpCallsTest, WhatWasAskedForWhileAConfIsRefusedGoesNowhere) {
  EXPECT_FALSE(try_plugin(calling("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $call) (i32.const 0)))")));
  EXPECT_TRUE(client_.flights.empty());
  EXPECT_EQ(counted(CallOutcome::kCancelled), 0u);
}

TEST_F(HttpCallsTest, ATickCanCall) {
  auto made = plugin(calling("", R"(
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $every (i32.const 10)) (drop) (i32.const 1))
    (func (export "proxy_on_tick") (param i32) (call $call)))"));
  time_.advance(10ms);
  loop_.advance(10ms);
  ASSERT_EQ(client_.flights.size(), 1u);
  EXPECT_FALSE(client_.flights[0]->order.waits_for_target);
  client_.answer(0, 200);
  EXPECT_EQ(number(204), 4u);
}

TEST_F(HttpCallsTest, TheCallbackCanCallAgain) {
  auto made = plugin(calling("(if (i32.lt_u (local.get 1) (i32.const 12)) (then (call $call)))", kAskAndPause));
  Waiting waiting(made);
  for (std::size_t i = 0; i < 3; ++i) client_.answer(i, 200);
  EXPECT_EQ(client_.flights.size(), 3u);
  EXPECT_EQ(number(204), 12u);
}

TEST_F(HttpCallsTest, ATrapInTheCallbackEndsTheVmAndItsCalls) {
  auto made = plugin(calling("unreachable", kAskAndPause));
  Waiting first(made), second(made);
  client_.answer(0, 200);
  EXPECT_TRUE(log_.has("plugin test: proxy_on_http_call_response trapped: unreachable"));
  EXPECT_TRUE(is_dropped(1));
  run_messages();
  for (Waiting* lost : {&first, &second}) {
    ASSERT_TRUE(lost->phase.is_done());
    EXPECT_TRUE(lost->phase.result().error());
  }
  EXPECT_EQ(counted(CallOutcome::kCancelled), 1u);
  EXPECT_EQ(active(), 0u);
  Waiting again(made);
  EXPECT_EQ(client_.flights.size(), 3u);
}

TEST_F(HttpCallsTest, TheCallbackHasTheBudgetOfOthers) {
  PluginPolicy policy;
  policy.limits.cpu_budget = 5ms;
  auto made = plugin(calling("(loop $l (br $l))", kAskAndPause), "", policy);
  Waiting waiting(made);
  client_.answer(0, 200);
  EXPECT_TRUE(log_.has("proxy_on_http_call_response trapped"));
}

TEST_F(HttpCallsTest, AVmThatTrapsElsewhereTakesItsCallsAlong) {
  auto made =
      plugin(calling("", std::string(kAskAndPause) + R"((func (export "proxy_on_log") (param i32) unreachable))"));
  Waiting waiting(made);
  {
    Waiting traps(made);
  }
  EXPECT_TRUE(log_.has("proxy_on_log trapped"));
  EXPECT_TRUE(is_dropped(0));
  run_messages();
  EXPECT_TRUE(waiting.phase.is_done());
}

TEST_F(HttpCallsTest, CallsEndWithTheirConf) {
  plugin(
      calling("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32) (call $call) (i32.const 1)))"));
  plugin(calling("", R"((func (export "proxy_on_configure") (param i32 i32) (result i32) (call $call) (i32.const 1)))"),
         "another");
  plugins_.pop_back();
  run_messages();
  EXPECT_FALSE(is_dropped(0));
  EXPECT_TRUE(is_dropped(1));
  plugins_.clear();
  run_messages();
  EXPECT_TRUE(is_dropped(0));
  EXPECT_EQ(counted(CallOutcome::kCancelled), 2u);
}

TEST_F(HttpCallsTest, TheCallsOfASandboxAreAnsweredThereAndEndWithItsExchange) {
  if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  PluginPolicy policy;
  policy.isolation = Isolation::kRequest;
  auto made = plugin(calling(kChooseAndContinue, kAskAndPause), "", policy);
  {
    Waiting first(made), second(made);
    client_.answer(0, 200);
    run_messages();
    EXPECT_TRUE(first.phase.is_done());
    EXPECT_FALSE(second.phase.is_done());
    EXPECT_EQ(number(200), 1u);
    EXPECT_EQ(number(220), 0u);
  }
  EXPECT_TRUE(is_dropped(1));
  EXPECT_EQ(counted(CallOutcome::kCancelled), 1u);
}

TEST_F(HttpCallsTest, AModuleWithoutTheCallbackMayCall) {
  std::string text = calling("", kAskAndPause);
  text.replace(text.find("proxy_on_http_call_response"), 27, "other");
  auto made = plugin(text);
  Waiting waiting(made);
  client_.answer(0, 200);
  EXPECT_EQ(counted(CallOutcome::kAnswered), 1u);
}

}  // namespace
}  // namespace sallyport::wasm
