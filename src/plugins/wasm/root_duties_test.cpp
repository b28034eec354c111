#include "plugins/wasm/root_duties.h"

#include "async/manual_reactor_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

using namespace std::chrono_literals;

// Counts ticks and notifications in the counters `ticks` (4) and `heard` (8).
std::string counting(std::string_view configure, std::string_view tick, std::string_view heard) {
  return wat(R"(
    (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
    (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
    (import "env" "proxy_get_metric" (func $get (param i32 i32) (result i32)))
    (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
    (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
    (import "env" "proxy_dequeue_shared_queue" (func $dequeue (param i32 i32 i32) (result i32))))",
             R"((data (i32.const 100) "ticks") (data (i32.const 110) "heard") (data (i32.const 120) "q")
    (func $count (param $metric i32) (result i32)
      (drop (call $increment (local.get $metric) (i64.const 1)))
      (drop (call $get (local.get $metric) (i32.const 32)))
      (i32.load (i32.const 32)))
    (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
      (drop (call $define (i32.const 0) (i32.const 100) (i32.const 5) (i32.const 16)))
      (drop (call $define (i32.const 0) (i32.const 110) (i32.const 5) (i32.const 16)))
      )" + std::string(configure) +
                 R"((i32.const 1))
    (func (export "proxy_on_tick") (param i32) (local $n i32)
      (local.set $n (call $count (i32.const 4))))" +
                 std::string(tick) + R"()
    (func (export "proxy_on_queue_ready") (param i32) (param $queue i32) (local $n i32)
      (local.set $n (call $count (i32.const 8))))" +
                 std::string(heard) + R"()
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $register (i32.const 120) (i32.const 1) (i32.const 16)))
      (call $enqueue (i32.load (i32.const 16)) (i32.const 120) (i32.const 1))))");
}

std::string ticking(int period, std::string_view tick = "") {
  return counting("(drop (call $every (i32.const " + std::to_string(period) + ")))", tick, "");
}

std::string listening(std::string_view heard = "") {
  return counting("(drop (call $register (i32.const 120) (i32.const 1) (i32.const 16)))", "", heard);
}

// Two workers, both of which are the test; time stands still until it moves it.
class RootDutiesTest : public WasmFixture {
 protected:
  RootDutiesTest() {
    Threads threads;
    for (int i = 0; i < 2; ++i) {
      threads.workers.emplace_back([this](Message message) { messages_.push_back(std::move(message)); });
      threads.timers.push_back(timers_of(loop_));
    }
    runtime_ = *Runtime::start(std::move(threads), time_, tested_engine());
  }
  ~RootDutiesTest() override {
    plugins_.clear();
    run_messages();
  }

  void pass(Milliseconds time) {
    time_.advance(time);
    loop_.advance(time);
    run_messages();
  }
  std::uint64_t counted(std::uint32_t metric) {
    std::uint64_t value = 0;
    runtime_->state().of("test").metrics.get(metric, value);
    return value;
  }
  std::uint64_t ticks() { return counted(4); }
  std::uint64_t heard() { return counted(8); }
  std::uint32_t queue() { return *runtime_->state().queues().open("test", "q"); }
  void enqueue(std::string_view message) {
    runtime_->state().queues().enqueue(queue(), message);
    run_messages();
  }

  FakeClock time_;
  async::ManualReactor loop_;
};

TEST_F(RootDutiesTest, EachWorkerTicksAtThePeriod) {
  plugin(ticking(100));
  pass(99ms);
  EXPECT_EQ(ticks(), 0u);
  pass(1ms);
  EXPECT_EQ(ticks(), 2u);
  pass(100ms);
  EXPECT_EQ(ticks(), 4u);
}

TEST_F(RootDutiesTest, TheShortestPeriodIsTenMilliseconds) {
  plugin(ticking(1));
  pass(9ms);
  EXPECT_EQ(ticks(), 0u);
  pass(1ms);
  EXPECT_EQ(ticks(), 2u);
}

TEST_F(RootDutiesTest, APeriodOfZeroEndsTheTicks) {
  plugin(ticking(10, "(if (i32.ge_u (local.get $n) (i32.const 4)) (then (drop (call $every (i32.const 0)))))"));
  for (int i = 0; i < 10; ++i) pass(10ms);
  EXPECT_EQ(ticks(), 5u);  // the first worker has ended at the fifth, the other one at the fourth
}

TEST_F(RootDutiesTest, ATickCanChangeThePeriod) {
  plugin(ticking(10, "(drop (call $every (i32.const 1000)))"));
  for (int i = 0; i < 10; ++i) pass(10ms);
  EXPECT_EQ(ticks(), 2u);
}

TEST_F(RootDutiesTest, AConfThatIsOnlyTriedDoesNotTick) {
  EXPECT_FALSE(try_plugin(ticking(10) + "x"));
  EXPECT_FALSE(try_plugin(counting("(drop (call $every (i32.const 10))) (return (i32.const 0))", "", "")));
  pass(1s);
  EXPECT_EQ(ticks(), 0u);
}

TEST_F(RootDutiesTest, TicksEndWithTheConf) {
  plugin(ticking(10));
  pass(10ms);
  plugins_.clear();
  run_messages();
  pass(1s);
  EXPECT_EQ(ticks(), 2u);
}

TEST_F(RootDutiesTest, ATrapInATickIsToldAndTicksGoOnInANewVm) {
  plugin(ticking(10, "(if (i32.eq (local.get $n) (i32.const 1)) (then unreachable))"));
  pass(10ms);
  EXPECT_EQ(ticks(), 2u);
  EXPECT_TRUE(log_.has("plugin test: proxy_on_tick trapped: unreachable"));
  pass(10ms);
  EXPECT_EQ(ticks(), 3u);  // the other worker
  pass(1s);
  auto before = ticks();
  pass(10ms);
  EXPECT_EQ(ticks(), before + 2);
}

TEST_F(RootDutiesTest, ARequestBringsTheTicksBack) {
  auto made = plugin(ticking(10, "(if (i32.eq (local.get $n) (i32.const 1)) (then unreachable))"));
  pass(10ms);
  PluginRun run(made);
  EXPECT_TRUE(run.request().proceeds());
  auto before = ticks();
  pass(10ms);
  EXPECT_EQ(ticks(), before + 2);
}

TEST_F(RootDutiesTest, ATickHasTheBudgetOfACallback) {
  PluginPolicy policy;
  policy.limits.cpu_budget = 5ms;
  plugin(ticking(10, "(loop $l (br $l))"), "", policy);
  pass(10ms);
  EXPECT_TRUE(log_.has("proxy_on_tick trapped"));
}

TEST_F(RootDutiesTest, AnExchangeSetsThePeriodOfItsRoot) {
  std::string text = counting("", "", "");
  text.replace(text.find("(drop (call $register (i32.const 120)"), 0, "(drop (call $every (i32.const 10)))");
  auto made = plugin(text);
  pass(1s);
  EXPECT_EQ(ticks(), 0u);
  PluginRun run(made);
  EXPECT_TRUE(run.request().proceeds());
  pass(10ms);
  EXPECT_EQ(ticks(), 1u);
}

TEST_F(RootDutiesTest, TheRootThatRegisteredLastHearsOnceOfEachMessage) {
  plugin(listening());
  enqueue("one");
  enqueue("two");
  EXPECT_EQ(heard(), 2u);
}

TEST_F(RootDutiesTest, AMessageIsNotHeardOfInsideTheCallThatSentIt) {
  auto made = plugin(listening());
  PluginRun run(made);
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(heard(), 0u);
  run_messages();
  EXPECT_EQ(heard(), 1u);
}

TEST_F(RootDutiesTest, MessagesFromBeforeAreHeardOfOnceSomebodyListens) {
  enqueue("one");
  enqueue("two");
  plugin(listening());
  run_messages();
  EXPECT_EQ(heard(), 2u);
}

TEST_F(RootDutiesTest, AnEarlierConfHearsWhenTheLaterOneIsGone) {
  plugin(listening(), "first");
  plugin(listening(), "second");
  plugins_.pop_back();
  run_messages();
  enqueue("one");
  EXPECT_EQ(heard(), 1u);
  plugins_.clear();
  run_messages();
  enqueue("two");
  EXPECT_EQ(heard(), 1u);
  plugin(listening(), "third");
  run_messages();
  EXPECT_EQ(heard(), 2u);
}

TEST_F(RootDutiesTest, NotificationsSurviveATrap) {
  plugin(listening("(if (i32.eq (local.get $n) (i32.const 1)) (then unreachable))"));
  runtime_->state().queues().enqueue(queue(), "one");
  runtime_->state().queues().enqueue(queue(), "two");
  run_messages();
  pass(1s);
  EXPECT_EQ(heard(), 2u);
  EXPECT_TRUE(log_.has("proxy_on_queue_ready trapped"));
}

TEST_F(RootDutiesTest, AModuleWithoutTheCallbacksHasNoDuties) {
  plugin(wat(R"((import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
    (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32))))",
             R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $every (i32.const 10)))
      (drop (call $register (i32.const 120) (i32.const 1) (i32.const 16)))
      (i32.const 1)))"));
  enqueue("one");
  pass(1s);
  EXPECT_TRUE(messages_.empty());
}

}  // namespace
}  // namespace sallyport::wasm
