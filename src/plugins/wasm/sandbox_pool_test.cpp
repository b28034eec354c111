#include "plugins/wasm/sandbox_pool.h"

#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kImports = R"(
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32))))";

// Logs four numbers below 10 as digits.
constexpr std::string_view kSay = R"(
  (func $say (param i32 i32 i32 i32)
    (i32.store8 (i32.const 100) (i32.add (i32.const 48) (local.get 0)))
    (i32.store8 (i32.const 101) (i32.add (i32.const 48) (local.get 1)))
    (i32.store8 (i32.const 102) (i32.add (i32.const 48) (local.get 2)))
    (i32.store8 (i32.const 103) (i32.add (i32.const 48) (local.get 3)))
    (drop (call $log (i32.const 2) (i32.const 100) (i32.const 4)))))";

// Each exchange counts in memory, in a global that is not exported, in the size of its memory and in a page of the
// heap.
constexpr std::string_view kCounts = R"(
  (global $count (mut i32) (i32.const 0))
  (func $count_on
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (i32.store (i32.const 60000) (i32.add (i32.load (i32.const 60000)) (i32.const 1)))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (drop (memory.grow (i32.const 1))))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.store (i32.const 8) (local.get 1)) (global.set $count (local.get 1)) (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $say (i32.load (i32.const 8)) (global.get $count) (memory.size) (i32.load (i32.const 60000)))
    (call $count_on) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $say (i32.load (i32.const 8)) (global.get $count) (memory.size) (i32.load (i32.const 60000)))
    (call $count_on) (i32.const 0)))";

class Sandboxes : public WasmFixture {
 protected:
  void SetUp() override {
    if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  }
  static PluginPolicy policy(std::uint32_t most = 100, OnFailure on_failure = OnFailure::kRefuse) {
    PluginPolicy policy;
    policy.isolation = Isolation::kRequest;
    policy.on_failure = on_failure;
    policy.limits.max_instances = most;
    return policy;
  }
  std::shared_ptr<const WasmPlugin> isolated(std::string_view body, std::string configuration = "",
                                             PluginPolicy its_policy = policy()) {
    return plugin(wat(kImports, std::string(kSay) + std::string(body)), std::move(configuration), its_policy);
  }
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    for (const std::string& line : log_.lines()) {
      if (line.starts_with("info plugin test: ")) lines.push_back(line.substr(18));
    }
    log_.take();
    return lines;
  }
};

TEST_F(Sandboxes, NothingThatAnExchangeWroteIsSeenByAnother) {
  auto made = isolated(kCounts, "abc");
  for (int i = 0; i < 5; ++i) {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_TRUE(run.response().proceeds());
    EXPECT_THAT(said(), ElementsAre("3310", "4421")) << "its own stays, also through several callbacks";
  }
}

TEST_F(Sandboxes, ExchangesAtTheSameTimeHaveTheirOwn) {
  auto made = isolated(kCounts);
  {
    PluginRun first(made), second(made);
    EXPECT_TRUE(first.request().proceeds());
    EXPECT_TRUE(second.request().proceeds());
    EXPECT_TRUE(second.response().proceeds());
    EXPECT_TRUE(first.response().proceeds());
    EXPECT_THAT(said(), ElementsAre("0010", "0010", "1121", "1121"));
  }
}

TEST_F(Sandboxes, EachConfHasItsState) {
  std::string text = wat(kImports, std::string(kSay) + R"(
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (i32.store (i32.const 8) (local.get 1)) (i32.store (i32.mul (i32.const 4096) (local.get 1)) (i32.const 7))
      (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $say (i32.load (i32.const 8)) (i32.load (i32.const 8192)) (i32.load (i32.const 12288))
        (i32.load (i32.const 16384)))
      (i32.store (i32.const 16384) (i32.const 9))
      (i32.const 0)))");
  auto module = *runtime_->load_now(write_file("shared.wat", text), Isolation::kRequest);
  auto two = *try_module(module, "ab", policy());
  auto three = *try_module(module, "abc", policy());
  for (int i = 0; i < 3; ++i) {
    for (const auto& one : {two, three, three}) {
      PluginRun run(one);
      EXPECT_TRUE(run.request().proceeds());
    }
    EXPECT_THAT(said(), ElementsAre("2700", "3070", "3070"));
  }
}

TEST_F(Sandboxes, WhatIsSetForTheRootIsForgotten) {
  auto made = isolated(R"((data (i32.const 200) "k")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $choose (i32.const 1)))
      (call $say (call $get (i32.const 200) (i32.const 1) (i32.const 300) (i32.const 304)) (i32.const 0) (i32.const 0)
        (local.get 0))
      (drop (call $set (i32.const 200) (i32.const 1) (i32.const 200) (i32.const 1)))
      (drop (call $tick (i32.const 10)))
      (i32.const 0)))");
  for (int i = 0; i < 3; ++i) {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_THAT(said(), ElementsAre("1002")) << "not found, in context 2";
  }
}

TEST_F(Sandboxes, MetricsKeepTheNumbersOfTheirDefinition) {
  auto made = isolated(R"((data (i32.const 200) "hits") (global $id (mut i32) (i32.const 0))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
      (drop (call $define (i32.const 0) (i32.const 200) (i32.const 3) (i32.const 300)))
      (drop (call $define (i32.const 0) (i32.const 200) (i32.const 4) (i32.const 300)))
      (global.set $id (i32.load (i32.const 300))) (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $increment (global.get $id) (i64.const 1))))");
  for (int i = 0; i < 4; ++i) {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
  }
  PluginMetrics& metrics = runtime_->state().of("test").metrics;
  std::uint64_t hits = 0;
  EXPECT_EQ(metrics.get(metrics.define(MetricType::kCounter, "hits"), hits), PluginMetrics::Outcome::kOk);
  EXPECT_EQ(hits, 4u);
  EXPECT_EQ(metrics.size(), 2u);
}

constexpr std::string_view kTrapsInResponses = R"(
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) unreachable))";

TEST_F(Sandboxes, ATrapEndsOnlyItsExchange) {
  auto made = isolated(R"(
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eq (local.get 1) (i32.const 4)) (then unreachable)) (i32.const 0))
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
      (call $say (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)) (i32.const 0)))");
  PluginRun first(made);
  EXPECT_TRUE(first.request().proceeds());
  {
    PluginRun second(made);
    second.exchange.request.headers.add("x-trap", "1");
    chain::Verdict verdict = second.request();
    ASSERT_NE(verdict.error(), nullptr);
    EXPECT_THAT(verdict.error()->what, HasSubstr("proxy_on_request_headers trapped: unreachable"));
    EXPECT_TRUE(second.response().proceeds()) << "it takes no part any more";
  }
  run_messages();
  EXPECT_TRUE(first.response().proceeds());
  PluginRun third(made);
  EXPECT_TRUE(third.request().proceeds());
  EXPECT_TRUE(third.response().proceeds());
  EXPECT_THAT(said(), ElementsAre("1234", "1234"));
}

TEST_F(Sandboxes, BeyondTheMostThereIsARefusal) {
  auto made = isolated(kTrapsInResponses, "", policy(2));
  std::optional<PluginRun> first(made), second(made);
  EXPECT_TRUE(first->request().proceeds());
  EXPECT_TRUE(second->request().proceeds());
  {
    PluginRun third(made);
    chain::Verdict verdict = third.request();
    ASSERT_NE(verdict.error(), nullptr);
    EXPECT_EQ(verdict.error()->what, "plugin test: each of its 2 sandboxes serves an exchange; raise max_instances");
  }
  first.reset();
  EXPECT_NE(second->response().error(), nullptr) << "a trap";
  PluginRun fourth(made);
  EXPECT_TRUE(fourth.request().proceeds());
  PluginRun fifth(made);
  EXPECT_NE(fifth.request().error(), nullptr) << "what has trapped counts until its exchange ends";
  second.reset();
  PluginRun sixth(made);
  EXPECT_TRUE(sixth.request().proceeds());
}

TEST_F(Sandboxes, BeyondTheMostAnOpenPluginIsLeftOut) {
  auto made = isolated(kTrapsInResponses, "", policy(1, OnFailure::kPass));
  PluginRun first(made), second(made);
  EXPECT_TRUE(first.request().proceeds());
  EXPECT_TRUE(second.request().proceeds());
  EXPECT_TRUE(second.response().proceeds());
  EXPECT_TRUE(log_.has("each of its 1 sandboxes serves an exchange"));
}

TEST_F(Sandboxes, ManyExchangesPauseEachInItsOwn) {
  auto made = isolated(R"(
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 8) (local.get 1)) (i32.const 1))
    (func (export "proxy_on_log") (param i32)
      (call $say (i32.sub (i32.load (i32.const 8)) (i32.const 3)) (i32.const 0) (i32.const 0) (i32.const 0))))");
  std::deque<PluginRun> runs;
  std::deque<Running<chain::Verdict>> paused;
  for (std::size_t i = 0; i < 9; ++i) {
    PluginRun& run = runs.emplace_back(made);
    for (std::size_t k = 0; k < i; ++k) run.exchange.request.headers.add("x-number", "1");
    EXPECT_FALSE(paused.emplace_back(run.run->run(chain::Phase::kAccess)).is_done());
  }
  EXPECT_THAT(said(), ElementsAre());
  while (!paused.empty()) {
    paused.pop_front();
    runs.pop_front();
  }
  EXPECT_THAT(said(), ElementsAre("0000", "1000", "2000", "3000", "4000", "5000", "6000", "7000", "8000"));
}

TEST_F(Sandboxes, APluginThatOnlyLogsHasOneToo) {
  auto made = isolated(R"((func (export "proxy_on_log") (param i32)
    (call $say (i32.load (i32.const 8)) (i32.const 0) (i32.const 0) (i32.const 0))
    (i32.store (i32.const 8) (i32.const 1))))");
  for (int i = 0; i < 2; ++i) {
    PluginRun run(made);
    run.run->log();
  }
  EXPECT_THAT(said(), ElementsAre("0000", "0000"));
}

TEST_F(Sandboxes, AModuleThatCannotBePutBackIsRefused) {
  std::string text = wat(kImports, R"((table 1 funcref) (elem declare func $f)
    (func $f (table.set (i32.const 0) (ref.func $f))))");
  auto made = try_plugin(text, "", policy());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().what, HasSubstr("isolation: request is not possible: the module writes to a table"));
  EXPECT_TRUE(try_plugin(text, "", PluginPolicy()));
}

}  // namespace
}  // namespace sallyport::wasm
