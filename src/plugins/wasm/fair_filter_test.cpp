#include "plugins/wasm/fair_filter.h"

#include "plugins/wasm/scripted_http_client_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace sallyport::wasm {
namespace {

using chain::Phase;
using chain::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

// What a request does follows from how many fields it has, three of which are always there. `$await` computes until
// the key "go" is in the shared data, which no request alone can bring about.
constexpr std::string_view kImports = R"(
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $read (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $write (param i32 i32 i32 i32 i32) (result i32))))";
constexpr std::string_view kPlugin = R"(
  (data (i32.const 200) "go")
  (func $say (param i32)
    (i32.store8 (i32.const 100) (i32.add (i32.const 48) (local.get 0)))
    (drop (call $log (i32.const 2) (i32.const 100) (i32.const 1))))
  (func $await (loop $again (br_if $again (call $read (i32.const 200) (i32.const 2) (i32.const 300) (i32.const 304)
                                             (i32.const 308)))))
  (func $sink (param i32) (result i32) (i32.add (i32.const 1) (call $sink (local.get 0))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (if (i32.eq (local.get 1) (i32.const 4)) (then (call $await)))
    (if (i32.eq (local.get 1) (i32.const 5))
      (then (drop (call $write (i32.const 200) (i32.const 2) (i32.const 200) (i32.const 2) (i32.const 0)))))
    (if (i32.eq (local.get 1) (i32.const 6)) (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get 1) (i32.const 7)) (then (call $await) unreachable))
    (if (i32.eq (local.get 1) (i32.const 8)) (then (drop (call $sink (i32.const 0)))))
    (call $say (i32.load (i32.const 8)))
    (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $say (i32.const 7)) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (if (i32.eq (local.get 1) (i32.const 2)) (then (call $await)))
    (call $say (i32.const 9)) (i32.const 0)))";
constexpr int kWaits = 1, kLetsGo = 2, kLoops = 3, kTraps = 4, kSinks = 5;

class Fair : public WasmFixture {
 protected:
  void SetUp() override {
    if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  }
  static PluginPolicy policy(std::chrono::milliseconds cpu_budget = 10min) {
    PluginPolicy policy;
    policy.is_fair = true;
    policy.limits.cpu_budget = cpu_budget;
    return policy;
  }
  std::shared_ptr<const WasmPlugin> fair(PluginPolicy its_policy = policy()) {
    return plugin(wat(kImports, kPlugin), "", its_policy);
  }
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    for (const std::string& line : log_.lines()) {
      if (line.starts_with("info plugin test: ")) lines.push_back(line.substr(18));
    }
    log_.take();
    return lines;
  }
  // What follows the log of `run`; true at its end.
  static async::Task<bool> whole(PluginRun& run) {
    co_await run.run->rest_of_log();
    co_return true;
  }
  // One turn of the worker's loop.
  void turn() {
    ASSERT_FALSE(messages_.empty());
    Message message = std::move(messages_.front());
    messages_.pop_front();
    message();
  }
};

// A request that does one of these things.
struct Asked : PluginRun {
  explicit Asked(const std::shared_ptr<const WasmPlugin>& plugin, int what = 0) : PluginRun(plugin) {
    for (int i = 0; i < what; ++i) exchange.request.headers.add("x-what", "1");
  }
};

TEST_F(Fair, OthersAreServedWhileACallbackComputes) {
  auto made = fair();
  Asked computing(made, kWaits);
  Running running(computing.run->run(Phase::kAccess));
  ASSERT_FALSE(running.is_done());
  for (int i = 0; i < 3; ++i) {
    Asked other(made);
    EXPECT_TRUE(other.request().proceeds());
    turn();
    EXPECT_TRUE(other.response().proceeds());
    EXPECT_FALSE(running.is_done());
  }
  EXPECT_TRUE(Asked(made, kLetsGo).request().proceeds());
  run_messages();
  ASSERT_TRUE(running.is_done());
  EXPECT_TRUE(running.result().proceeds());
  EXPECT_TRUE(computing.response().proceeds());
  EXPECT_THAT(said(), ElementsAre("1", "9", "2", "9", "3", "9", "4", "1", "9")) << "the others share an instance";
}

TEST_F(Fair, InstancesAreLeftAsTheyAreUnlessTheyAreIsolated) {
  auto isolated = policy();
  isolated.isolation = Isolation::kRequest;
  auto kept = fair();
  auto reset = fair(isolated);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Asked(kept).request().proceeds());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Asked(reset).request().proceeds());
  EXPECT_THAT(said(), ElementsAre("1", "2", "3", "1", "1", "1"));
}

TEST_F(Fair, TheBudgetOfTheWholeCallbackEndsIt) {
  auto made = fair(policy(20ms));
  Asked endless(made, kLoops);
  Running running(endless.run->run(Phase::kAccess));
  ASSERT_FALSE(running.is_done());
  EXPECT_TRUE(Asked(made).request().proceeds());
  run_messages();
  ASSERT_TRUE(running.is_done());
  ASSERT_NE(running.result().error(), nullptr);
  EXPECT_THAT(running.result().error()->what, HasSubstr("proxy_on_request_headers trapped: CPU budget of 20 ms used"));
  EXPECT_TRUE(Asked(made).request().proceeds());
}

// Its slices have a stack of their own.
TEST_F(Fair, ARecursionWithoutEndEndsOnlyItsExchange) {
  auto made = fair();
  Asked sinking(made, kSinks), computing(made, kWaits);
  Running second(computing.run->run(Phase::kAccess));
  ASSERT_FALSE(second.is_done());
  Running first(sinking.run->run(Phase::kAccess));
  EXPECT_TRUE(Asked(made, kLetsGo).request().proceeds());
  run_messages();
  ASSERT_TRUE(first.is_done());
  ASSERT_NE(first.result().error(), nullptr);
  EXPECT_THAT(first.result().error()->what, HasSubstr("proxy_on_request_headers trapped: call stack exhausted"));
  EXPECT_TRUE(second.result().proceeds());
}

TEST_F(Fair, ATrapInALaterSliceEndsOnlyItsExchange) {
  auto made = fair();
  Asked trapping(made, kTraps), computing(made, kWaits);
  Running first(trapping.run->run(Phase::kAccess)), second(computing.run->run(Phase::kAccess));
  ASSERT_FALSE(first.is_done());
  ASSERT_FALSE(second.is_done());
  EXPECT_TRUE(Asked(made, kLetsGo).request().proceeds());
  run_messages();
  ASSERT_NE(first.result().error(), nullptr);
  EXPECT_THAT(first.result().error()->what, HasSubstr("proxy_on_request_headers trapped: unreachable"));
  EXPECT_TRUE(second.result().proceeds());
}

TEST_F(Fair, WhatIsDroppedIsCancelledWithoutAWord) {
  auto made = fair();
  {
    Asked endless(made, kLoops);
    Running running(endless.run->run(Phase::kAccess));
    ASSERT_FALSE(running.is_done());
    turn();
    running.drop();
    endless.run->log();
    run_messages();  // which end: nothing asks for a slice any more
  }
  {
    Asked endless(made, kLoops);
    Running running(endless.run->run(Phase::kAccess));
  }
  EXPECT_FALSE(log_.has("error"));
  Asked next(made);
  EXPECT_TRUE(next.request().proceeds());
  EXPECT_THAT(said(), ElementsAre("1")) << "in an instance of its own";
}

TEST_F(Fair, TheOtherDirectionWaitsForTheInstance) {
  auto made = fair();
  Asked run(made);
  EXPECT_TRUE(run.request().proceeds());
  run.exchange.response.status = 200;
  run.exchange.response_source = exchange::ResponseSource::kUpstream;
  run.exchange.response.headers.add("x-wait", "1");
  Running response(run.run->run(Phase::kResponseHeaders));
  ASSERT_FALSE(response.is_done());
  http::Chunk passed;
  Running body(run.run->run_body(Phase::kRequestBody, {"abc", true}, passed));
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_FALSE(body.is_done());
  EXPECT_TRUE(Asked(made, kLetsGo).request().proceeds());
  run_messages();
  ASSERT_TRUE(response.is_done() && body.is_done());
  EXPECT_TRUE(response.result().proceeds());
  EXPECT_EQ(passed.bytes, "abc");
  EXPECT_THAT(said(), ElementsAre("1", "1", "9", "7"));
}

TEST_F(Fair, AConfThatGoesLeavesWhatIsSuspendedAlone) {
  auto made = fair();
  Asked computing(made, kWaits);
  Running running(computing.run->run(Phase::kAccess));
  ASSERT_FALSE(running.is_done());
  auto newer = plugin(wat(kImports, kPlugin), "newer", policy());
  EXPECT_TRUE(Asked(newer, kLetsGo).request().proceeds());
  run_messages();
  EXPECT_TRUE(running.result().proceeds());
}

TEST_F(Fair, WhoFindsNoInstanceWaitsInItsOrder) {
  auto few = policy();
  few.limits.max_instances = 2;
  auto made = fair(few);
  std::optional<Asked> first(made), second(made);
  EXPECT_TRUE(first->request().proceeds());
  EXPECT_TRUE(second->request().proceeds());
  Asked third(made, kLoops), fourth(made), fifth(made);
  std::optional<Running<Verdict>> endless(third.run->run(Phase::kAccess));
  Running waiting(fourth.run->run(Phase::kAccess));
  Running refused(fifth.run->run(Phase::kAccess));
  EXPECT_FALSE(endless->is_done() || waiting.is_done());
  ASSERT_TRUE(refused.is_done());
  EXPECT_EQ(refused.result().error()->what,
            "plugin test: each of its 2 instances serves an exchange, and as many wait for one already; "
            "raise max_instances");
  said();
  first.reset();
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_FALSE(waiting.is_done()) << "the third has taken it, and computes";
  endless.reset();
  third.run->log();
  run_messages();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_TRUE(waiting.result().proceeds());
  EXPECT_EQ(said().size(), 1u);
}

// Of an exchange whose request says so, `$waiting` waits for "go"; each says a letter when it ends.
std::string ending(std::string_view callbacks, std::string_view waiting) {
  std::string text = R"(
  (data (i32.const 200) "go")
  (func $await (loop $again (br_if $again (call $read (i32.const 200) (i32.const 2) (i32.const 300) (i32.const 304)
                                             (i32.const 308)))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 16) (i32.eq (local.get 1) (i32.const 4)))
    (if (i32.eq (local.get 1) (i32.const 5))
      (then (drop (call $write (i32.const 200) (i32.const 2) (i32.const 200) (i32.const 2) (i32.const 0)))))
    (if (i32.eq (local.get 1) (i32.const 6)) (then (i32.store (i32.const 20) (i32.const 1))))
    (i32.const 0)))";
  for (char letter : callbacks) {
    const bool waits = letter == waiting.front();
    const std::string_view name = letter == 'd' ? "done" : letter == 'l' ? "log" : "delete";
    text += fmt::format(R"((func (export "proxy_on_{}") (param i32) {}
      {}
      (i32.store8 (i32.const 100) (i32.const {}))
      (drop (call $log (i32.const 2) (i32.const 100) (i32.const 1))) {}))",
                        name, letter == 'd' ? "(result i32)" : "",
                        waits ? R"((if (i32.load (i32.const 16)) (then (call $await)))
                                   (if (i32.load (i32.const 20)) (then (loop $for_ever (br $for_ever)))))"
                              : "",
                        static_cast<int>(letter), letter == 'd' ? "(i32.const 1)" : "");
  }
  return text;
}

// x is proxy_on_delete.
TEST_F(Fair, OthersAreServedWhileTheEndOfAnExchangeComputes) {
  for (auto [callbacks, waiting] : {std::pair("dlx", "d"), {"dlx", "l"}, {"dlx", "x"}, {"l", "l"}, {"dx", "x"}}) {
    SCOPED_TRACE(fmt::format("{} of {}", waiting, callbacks));
    auto made = plugin(wat(kImports, ending(callbacks, waiting)), callbacks, policy());
    said();
    Asked computing(made, kWaits);
    EXPECT_TRUE(computing.request().proceeds());
    computing.run->log();
    ASSERT_TRUE(computing.exchange.log_waits);
    Running rest(whole(computing));
    for (int i = 0; i < 3; ++i) {
      {
        Asked other(made);
        EXPECT_TRUE(other.request().proceeds());
        other.run->log();
        EXPECT_FALSE(other.exchange.log_waits);
      }
      turn();
      EXPECT_FALSE(rest.is_done());
    }
    Asked go(made, kLetsGo);
    EXPECT_TRUE(go.request().proceeds());
    run_messages();
    EXPECT_TRUE(rest.is_done());
    EXPECT_THAT(said(), testing::Contains(std::string(waiting)).Times(4));
    EXPECT_FALSE(log_.has("error"));
    runtime_->state().of("test").data.remove("go");
  }
}

TEST_F(Fair, TheBudgetEndsTheEndOfAnExchange) {
  auto made = plugin(wat(kImports, ending("dlx", "l")), "", policy(20ms));
  {
    Asked endless(made, kLoops);
    EXPECT_TRUE(endless.request().proceeds());
    endless.run->log();
    ASSERT_TRUE(endless.exchange.log_waits);
    Running rest(whole(endless));
    run_messages();
    EXPECT_TRUE(rest.is_done());
  }
  EXPECT_TRUE(log_.has("error plugin test: proxy_on_log trapped: CPU budget of 20 ms used"));
  EXPECT_TRUE(Asked(made).request().proceeds());
}

TEST_F(Fair, AnEndThatIsDroppedIsCancelledWithoutAWord) {
  auto few = policy();
  few.limits.max_instances = 1;
  auto made = plugin(wat(kImports, ending("dlx", "l")), "", few);
  for (bool is_awaited : {true, false}) {
    Asked endless(made, kLoops);
    EXPECT_TRUE(endless.request().proceeds());
    if (!is_awaited) continue;  // as an exchange that has no log phase
    endless.run->log();
    Running rest(whole(endless));
    turn();
    rest.drop();
  }
  run_messages();
  EXPECT_FALSE(log_.has("error"));
  EXPECT_TRUE(Asked(made).request().proceeds()) << "the one instance is there again";
}

// Its creation takes some slices, too.
TEST_F(Fair, AContextThatIsMadeAtTheEndIsMadeInSlices) {
  auto few = policy();
  few.limits.max_instances = 1;
  auto made = plugin(wat(kImports, R"(
    (func (export "proxy_on_context_create") (param i32 i32) (local $i i64)
      (loop $more (local.set $i (i64.add (local.get $i) (i64.const 1)))
                  (br_if $more (i64.lt_u (local.get $i) (i64.const 20000000)))))
    (func (export "proxy_on_log") (param i32)
      (i32.store8 (i32.const 100) (i32.const 108))
      (drop (call $log (i32.const 2) (i32.const 100) (i32.const 1)))))"),
                     "", few);
  Asked first(made), second(made);
  first.run->log();
  second.run->log();
  EXPECT_TRUE(first.exchange.log_waits);
  EXPECT_TRUE(second.exchange.log_waits) << "for the one instance";
  Running first_rest(whole(first)), second_rest(whole(second));
  run_messages();
  EXPECT_TRUE(first_rest.is_done() && second_rest.is_done());
  EXPECT_THAT(said(), ElementsAre("l", "l"));
  EXPECT_FALSE(log_.has("error"));
}

// Opens a stream; each of its parts computes until "go" is there, and says its size then.
constexpr std::string_view kStreams = R"(
  (data (i32.const 200) "go") (data (i32.const 210) "auth")
  (func $await (loop $again (br_if $again (call $read (i32.const 200) (i32.const 2) (i32.const 300) (i32.const 304)
                                             (i32.const 308)))))
  (func $say (param i32)
    (call $await)
    (i32.store8 (i32.const 100) (i32.add (i32.const 48) (local.get 0)))
    (drop (call $log (i32.const 2) (i32.const 100) (i32.const 1))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.eq (local.get 1) (i32.const 5))
      (then (drop (call $write (i32.const 200) (i32.const 2) (i32.const 200) (i32.const 2) (i32.const 0))))
      (else (drop (call $open (i32.const 210) (i32.const 4) (i32.const 210) (i32.const 4) (i32.const 210) (i32.const 4)
                              (i32.const 0) (i32.const 0) (i32.const 16)))))
    (i32.const 0))
  (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32) (call $say (local.get 2)))
  (func (export "proxy_on_grpc_receive") (param i32 i32 i32)
    (if (i32.eq (local.get 2) (i32.const 9)) (then (call $await) unreachable))
    (call $say (local.get 2)))
  (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32) (call $say (local.get 2)))
  (func (export "proxy_on_grpc_close") (param i32 i32 i32) (call $say (local.get 2))))";

class FairStreams : public Fair {
 protected:
  FairStreams() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
  }
  ~FairStreams() override {
    plugins_.clear();
    run_messages();
  }
  std::shared_ptr<const WasmPlugin> streams() {
    std::string imports(kImports);
    imports += R"((import "env" "proxy_grpc_stream"
      (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))";
    return plugin(wat(imports, kStreams), "", policy());
  }

  ScriptedHttpClient client_;
};

TEST_F(FairStreams, APartThatComputesHoldsUpTheNextOfItsStreamAlone) {
  auto made = streams();
  Asked first(made), second(made);
  EXPECT_TRUE(first.request().proceeds());
  EXPECT_TRUE(second.request().proceeds());
  client_.tell_initial(0, {{"x-one", "1"}});
  client_.tell_message(1, "ab");
  for (int i = 0; i < 4; ++i) turn();
  EXPECT_THAT(said(), ElementsAre());
  EXPECT_EQ(client_.flows[0]->gone_on, 0) << "the next would come too early";
  EXPECT_EQ(client_.flows[1]->gone_on, 0);
  EXPECT_TRUE(Asked(made, kLetsGo).request().proceeds());
  run_messages();
  EXPECT_EQ(client_.flows[0]->gone_on, 1);
  EXPECT_EQ(client_.flows[1]->gone_on, 1);
  client_.tell_trailing(0);
  client_.tell_end(0, {7, "no"});
  run_messages();
  EXPECT_THAT(said(), testing::UnorderedElementsAre("1", "2", "0", "7"));
  EXPECT_TRUE(client_.flows[0]->dropped);
}

TEST_F(FairStreams, ATrapInALaterSliceEndsTheStreamsOfItsInstanceAlone) {
  auto made = streams();
  Asked first(made), second(made);
  EXPECT_TRUE(first.request().proceeds());
  EXPECT_TRUE(second.request().proceeds());
  client_.tell_message(0, "ninebytes");
  turn();
  EXPECT_TRUE(Asked(made, kLetsGo).request().proceeds());
  run_messages();
  EXPECT_TRUE(log_.has("proxy_on_grpc_receive trapped: unreachable"));
  EXPECT_TRUE(client_.flows[0]->dropped);
  EXPECT_FALSE(client_.flows[1]->dropped);
}

TEST_F(FairStreams, CopiesThatArePutBackTellNothingOfTheCallsOfOthers) {
  constexpr std::string_view kTellsNumber = R"(
    (data (i32.const 210) "auth")
    (func $open_one
      (drop (call $open (i32.const 210) (i32.const 4) (i32.const 210) (i32.const 4) (i32.const 210) (i32.const 4)
                        (i32.const 0) (i32.const 0) (i32.const 16))))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $open_one) (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $open_one)
      (i32.store8 (i32.const 100) (i32.add (i32.const 48) (i32.shr_u (i32.load (i32.const 16)) (i32.const 2))))
      (drop (call $log (i32.const 2) (i32.const 100) (i32.const 1))) (i32.const 0)))";
  std::string imports(kImports);
  imports += R"((import "env" "proxy_grpc_stream"
    (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))";
  auto isolated = policy();
  isolated.isolation = Isolation::kRequest;
  auto made = plugin(wat(imports, kTellsNumber), "", isolated);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Asked(made).request().proceeds());
  EXPECT_THAT(said(), ElementsAre("2", "2", "2")) << "1 was given while it was configured";
}

TEST_F(FairStreams, AnExchangeThatEndsTakesAPartThatComputesAlong) {
  auto made = streams();
  {
    Asked run(made);
    EXPECT_TRUE(run.request().proceeds());
    client_.tell_message(0, "ab");
    turn();
    run.run->log();
  }
  run_messages();
  EXPECT_TRUE(client_.flows[0]->dropped);
  EXPECT_FALSE(log_.has("error"));
}

}  // namespace
}  // namespace sallyport::wasm
