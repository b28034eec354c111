// Pieces that a guest holds in the middle of a body: let go on, edited, answered and lost by other contexts; pauses of
// both directions at the same time.

#include "async/manual_reactor_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

using namespace std::chrono_literals;
using chain::Phase;

// What another exchange does to the first one, which is context 2; so many headers it has beside its pseudo-headers.
enum Deed { kNothing, kResumeRequest, kResumeResponse, kAnswer, kClose, kTrap, kEditRequest, kEditResponse };

// Callbacks of bodies log the size that they see and return `$action`; a tick lets the response of context 2 go on.
constexpr std::string_view kModule = R"(
  (data (i32.const 100) "edited") (data (i32.const 130) "0123456789")
  (global $action (mut i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $every (i32.const 10))) (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (if (i32.eqz (call $choose (i32.const 2))) (then (drop (call $continue (i32.const 1))))))
  (func $edit_of (param $buffer i32)
    (drop (call $edit (local.get $buffer) (i32.const 0) (i32.const 1) (i32.const 100) (i32.const 6))))
  (func (export "proxy_on_request_headers") (param $id i32) (param $count i32) (param i32) (result i32)
    (local.set $count (i32.sub (local.get $count) (i32.const 3)))
    (if (i32.eqz (local.get $count)) (then (return (i32.const 0))))
    (drop (call $choose (i32.const 2)))
    (if (i32.eq (local.get $count) (i32.const 1)) (then (drop (call $continue (i32.const 0)))))
    (if (i32.eq (local.get $count) (i32.const 2)) (then (drop (call $continue (i32.const 1)))))
    (if (i32.eq (local.get $count) (i32.const 3))
      (then (drop (call $answer (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                                (i32.const 0) (i32.const -1)))))
    (if (i32.eq (local.get $count) (i32.const 4)) (then (drop (call $close (i32.const 0)))))
    (if (i32.eq (local.get $count) (i32.const 5)) (then unreachable))
    (if (i32.eq (local.get $count) (i32.const 6)) (then (call $edit_of (i32.const 0))))
    (if (i32.eq (local.get $count) (i32.const 7)) (then (call $edit_of (i32.const 1))))
    (i32.const 0))
  (func $saw (param $size i32) (result i32)
    (drop (call $log (i32.const 2) (i32.add (i32.const 130) (local.get $size)) (i32.const 1)))
    (global.get $action))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $saw (local.get 1)))
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (call $saw (local.get 1)))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $continue (i32.const 0))) (i32.const 0))
  (func (export "proxy_on_done") (param i32) (result i32)
    (call $edit_of (i32.const 0)) (drop (call $continue (i32.const 0))) (drop (call $continue (i32.const 1)))
    (i32.const 1))
  (func (export "proxy_on_delete") (param i32) (drop (call $continue (i32.const 1)))))";

constexpr std::string_view kImports = R"(
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $edit (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))";

constexpr Phase kUp = Phase::kRequestBody, kDown = Phase::kResponseBody;

struct TwoWaits final : exchange::Waiter {
  std::vector<std::unique_ptr<async::Event>> events;
  async::Task<void> sleep(Milliseconds) override {
    async::Event& event = *events.emplace_back(std::make_unique<async::Event>());
    co_await event;
  }
};

class HeldBodies : public WasmFixture {
 protected:
  HeldBodies() {
    Threads threads;
    threads.workers.emplace_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.timers.push_back(timers_of(loop_));
    runtime_ = *Runtime::start(std::move(threads), time_, tested_engine());
  }
  ~HeldBodies() override { forget(); }

  void forget() {
    made_.reset();
    plugins_.clear();
    run_messages();
  }

  // `action`: what the callbacks of bodies return.
  std::shared_ptr<const WasmPlugin> holding(int action = 1, PluginPolicy policy = {}) {
    forget();  // so that numbers begin anew
    std::string text(kModule);
    text.replace(text.find("(mut i32) (i32.const 1)"), 23, "(mut i32) (i32.const " + std::to_string(action) + ")");
    return made_ = plugin(wat(kImports, text), "", policy);
  }
  // Another exchange, which ends after what it did to the first.
  void do_now(Deed deed) {
    PluginRun other(made_);
    for (int i = 0; i < deed; ++i) other.header("x", "y");
    EXPECT_EQ(other.request().proceeds(), deed != kTrap);
  }
  void do_to_it(Deed deed) {
    do_now(deed);
    run_messages();
  }
  void tick() {
    time_.advance(10ms);
    loop_.advance(10ms);
    run_messages();
  }
  // What goes on without a new piece.
  static std::string resumed(PluginRun& run, Phase phase) {
    if (!run.run->resumed(phase).is_set()) return "(not resumed)";
    http::Chunk passed;
    Running running(run.run->run_resumed(phase, passed));
    if (!running.is_done()) return "(waits)";
    if (running.result().closes()) return "(closed)";
    if (running.result().response()) return std::to_string(running.result().response()->status);
    if (!running.result().proceeds()) return "(failed)";
    std::string all(passed.bytes);
    Running rest(run.run->run_resumed(phase, passed));  // nobody else
    EXPECT_TRUE(rest.is_done() && passed.bytes.empty());
    return all;
  }

  FakeClock time_;
  async::ManualReactor loop_;
  std::shared_ptr<const WasmPlugin> made_;
};

TEST_F(HeldBodies, GoOnWhenAnotherExchangeSaysSo) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  for (auto [phase, deed] : {std::pair(kUp, kResumeRequest), std::pair(kDown, kResumeResponse)}) {
    EXPECT_EQ(run.body(phase, "one", false), "");
    EXPECT_TRUE(run.run->holds(phase));
    do_now(deed);
    EXPECT_EQ(resumed(run, phase), "(not resumed)") << "not inside the other one's callback";
    run_messages();
    EXPECT_EQ(resumed(run, phase), "one");
    EXPECT_FALSE(run.run->holds(phase));
  }
}

TEST_F(HeldBodies, GoOnInATick) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(kDown, "one", false), "");
  tick();
  EXPECT_EQ(resumed(run, kDown), "one");
  tick();
  EXPECT_EQ(resumed(run, kDown), "(not resumed)") << "nothing is held";
}

TEST_F(HeldBodies, AreHeldAndGoOnAgainAndAgain) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run.body(kUp, "one", false), "");
    EXPECT_EQ(run.body(kUp, "two", false), "");
    do_to_it(kResumeRequest);
    EXPECT_EQ(resumed(run, kUp), "onetwo");
  }
  EXPECT_EQ(run.body(kUp, "end", true), "(waits)");
}

TEST_F(HeldBodies, GoOnBeforeAPieceThatCameFirst) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(kUp, "one", false), "");
  log_.take();
  do_now(kResumeRequest);
  EXPECT_EQ(run.body(kUp, "four", false), "one");
  EXPECT_TRUE(log_.has("plugin test: 4")) << "the guest is shown what is still here";
  run_messages();
  EXPECT_EQ(resumed(run, kUp), "(not resumed)") << "that is used up";
  do_to_it(kResumeRequest);
  EXPECT_EQ(resumed(run, kUp), "four");
}

TEST_F(HeldBodies, GoOnByACallbackOfTheOtherDirection) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(kUp, "one", false), "");
  EXPECT_TRUE(run.response().proceeds());
  run_messages();
  EXPECT_EQ(resumed(run, kUp), "one");
}

TEST_F(HeldBodies, OfBothDirectionsGoOnEachForItself) {
  for (bool up_first : {true, false}) {
    PluginRun run(holding());
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_EQ(run.body(kUp, "one", false), "");
    EXPECT_EQ(run.body(kDown, "two", false), "");
    do_to_it(up_first ? kResumeRequest : kResumeResponse);
    EXPECT_EQ(resumed(run, up_first ? kDown : kUp), "(not resumed)");
    EXPECT_EQ(resumed(run, up_first ? kUp : kDown), up_first ? "one" : "two");
    do_to_it(up_first ? kResumeResponse : kResumeRequest);
    EXPECT_EQ(resumed(run, up_first ? kDown : kUp), up_first ? "two" : "one");
  }
}

TEST_F(HeldBodies, LastPiecesOfBothDirectionsWaitEachForItself) {
  for (bool up_first : {true, false}) {
    PluginRun run(holding());
    EXPECT_TRUE(run.request().proceeds());
    http::Chunk up_passed, down_passed;
    Running up(run.run->run_body(kUp, {"one", true}, up_passed));
    Running down(run.run->run_body(kDown, {"two", true}, down_passed));
    do_to_it(up_first ? kResumeRequest : kResumeResponse);
    EXPECT_EQ(up.is_done(), up_first);
    EXPECT_EQ(down.is_done(), !up_first);
    do_to_it(up_first ? kResumeResponse : kResumeRequest);
    ASSERT_TRUE(up.is_done() && down.is_done());
    EXPECT_EQ(up_passed.bytes, "one");
    EXPECT_EQ(down_passed.bytes, "two");
  }
}

TEST_F(HeldBodies, ThePauseOfEachDirectionHasItsOwnEnd) {
  PluginRun run(holding());
  TwoWaits waits;
  run.exchange.waiter = &waits;
  EXPECT_TRUE(run.request().proceeds());
  http::Chunk passed;
  Running up(run.run->run_body(kUp, {"one", true}, passed));
  Running down(run.run->run_body(kDown, {"two", true}, passed));
  ASSERT_EQ(waits.events.size(), 2u);
  waits.events[1]->set();
  run_messages();
  EXPECT_FALSE(up.is_done());
  ASSERT_TRUE(down.is_done());
  EXPECT_TRUE(down.result().error());
  do_to_it(kResumeRequest);
  ASSERT_TRUE(up.is_done());
  EXPECT_TRUE(up.result().proceeds());
}

TEST_F(HeldBodies, AreAnsweredAndClosedAtOnce) {
  for (auto [deed, end] : {std::pair(kAnswer, "403"), std::pair(kClose, "(closed)")}) {
    for (Phase phase : {kUp, kDown}) {
      PluginRun run(holding());
      EXPECT_TRUE(run.request().proceeds());
      EXPECT_EQ(run.body(phase, "one", false), "");
      do_to_it(deed);
      EXPECT_EQ(resumed(run, phase), end);
    }
  }
}

TEST_F(HeldBodies, AnAnswerIsForTheResponseWhereBothAreHeld) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(kUp, "one", false), "");
  EXPECT_EQ(run.body(kDown, "two", false), "");
  do_to_it(kAnswer);
  EXPECT_EQ(resumed(run, kDown), "403");
  EXPECT_EQ(resumed(run, kUp), "") << "it is still held, though asked again";
  EXPECT_TRUE(run.run->holds(kUp));
}

TEST_F(HeldBodies, EndWithTheirVmOrGoOnWithoutIt) {
  for (auto [on_failure, end] : {std::pair(OnFailure::kRefuse, "(failed)"), std::pair(OnFailure::kPass, "one")}) {
    PluginPolicy policy;
    policy.on_failure = on_failure;
    PluginRun run(holding(1, policy));
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_EQ(run.body(kUp, "one", false), "");
    EXPECT_EQ(run.body(kDown, "one", false), "");
    PluginRun other(made_);
    for (int i = 0; i < kTrap; ++i) other.header("x", "y");
    EXPECT_EQ(other.request().proceeds(), on_failure == OnFailure::kPass);
    run_messages();
    EXPECT_EQ(resumed(run, kDown), end);
    EXPECT_EQ(resumed(run, kUp), "one") << "the plugin takes no part any more";
  }
}

TEST_F(HeldBodies, AreEditedByOtherContextsWhileTheyAreHeld) {
  for (auto [phase, edits, resumes] :
       {std::tuple(kUp, kEditRequest, kResumeRequest), std::tuple(kDown, kEditResponse, kResumeResponse)}) {
    PluginRun run(holding());
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_EQ(run.body(phase, "one", false), "");
    do_to_it(edits);
    EXPECT_EQ(resumed(run, phase), "(not resumed)");
    do_to_it(resumes);
    EXPECT_EQ(resumed(run, phase), "editedne");
    do_to_it(edits);
    EXPECT_TRUE(log_.has("a body is left as it is"));
    EXPECT_EQ(run.body(phase, "two", false), "");
    do_to_it(edits);
    log_.take();
    EXPECT_EQ(run.body(phase, ".", false), "") << "an edit stays when more comes";
    EXPECT_TRUE(log_.has("plugin test: 9"));
    do_to_it(resumes);
    EXPECT_EQ(resumed(run, phase), "editedwo.");
  }
}

TEST_F(HeldBodies, ThatWereDroppedLeaveNothingToGoOn) {
  PluginRun run(holding(3));
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(kUp, "one", false), "");
  do_to_it(kResumeRequest);
  EXPECT_EQ(resumed(run, kUp), "");
  EXPECT_EQ(run.body(kUp, "two", false), "");
  do_to_it(kAnswer);
  EXPECT_EQ(resumed(run, kUp), "403");
}

TEST_F(HeldBodies, AreForgottenWithTheirExchange) {
  auto made = holding();
  {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_EQ(run.body(kUp, "one", false), "");
    EXPECT_EQ(run.body(kDown, "two", false), "");
    do_now(kResumeRequest);
    do_now(kResumeResponse);
  }
  run_messages();
  {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_EQ(run.body(kUp, "one", false), "");
    run.run->log();  // its callbacks at the end have no effect on what is held
    run_messages();
    EXPECT_EQ(resumed(run, kUp), "(not resumed)");
  }
}

TEST_F(HeldBodies, MeetTheEndOfTheirBody) {
  PluginRun run(holding());
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(kUp, "one", false), "");
  http::Chunk passed;
  Running last(run.run->run_body(kUp, {"two", true}, passed));
  EXPECT_FALSE(last.is_done());
  do_to_it(kResumeRequest);
  ASSERT_TRUE(last.is_done());
  EXPECT_EQ(passed.bytes, "onetwo");

  EXPECT_EQ(run.body(kDown, "one", false), "");
  do_now(kResumeResponse);
  Running end(run.run->run_body(kDown, {"", true}, passed));
  EXPECT_FALSE(end.is_done()) << "the guest pauses anew";
  run_messages();
  EXPECT_FALSE(end.is_done()) << "that was for what was held then";
  do_to_it(kResumeResponse);
  ASSERT_TRUE(end.is_done());
  EXPECT_EQ(passed.bytes, "one");
}

}  // namespace
}  // namespace sallyport::wasm
