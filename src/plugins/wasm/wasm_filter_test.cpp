#include "plugins/wasm/wasm_filter.h"

#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

using chain::Phase;

constexpr std::string_view kImports = R"(
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $edit (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))";

constexpr std::string_view kData = R"(
  (data (i32.const 100) "wasm_process_req_body") (data (i32.const 150) "wasm_process_resp_body")
  (data (i32.const 200) "x-wasmtruebye")
  (func $refuse (drop (call $answer (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 200) (i32.const 3)
                                    (i32.const 0) (i32.const 0) (i32.const -1)))))";

std::string headers(std::string_view direction, std::string_view code) {
  return "(func (export \"proxy_on_" + std::string(direction) + "_headers\") (param i32 i32 i32) (result i32)" +
         std::string(code) + ")";
}
std::string bodies(std::string_view direction, std::string_view code) {
  return "(func (export \"proxy_on_" + std::string(direction) +
         "_body\") (param $id i32) (param $size i32) (param $last i32) (result i32)" + std::string(code) + ")";
}
template <class... Parts>
std::string module_of(Parts... parts) {
  return wat(kImports, std::string(kData) + (std::string(parts) + ...));
}

using Filters = WasmFixture;

TEST_F(Filters, AHeaderIsAddedToTheResponse) {
  auto added = plugin(module_of(headers("response", R"(
      (drop (call $add (i32.const 2) (i32.const 200) (i32.const 6) (i32.const 206) (i32.const 4))) (i32.const 0))")));
  PluginRun run(added);
  EXPECT_EQ(added->phases(), (chain::PhaseSet{Phase::kResponseHeaders, Phase::kLog}));
  EXPECT_TRUE(run.response().proceeds());
  EXPECT_EQ(run.exchange.response.headers.get("x-wasm"), "true");
}

TEST_F(Filters, TheRequestIsSeenInThePhaseThatTheSettingsName) {
  auto text = module_of(headers("request", "(i32.const 0)"));
  EXPECT_TRUE(plugin(text)->phases().has(Phase::kAccess));
  PluginPolicy policy;
  policy.request_phase = RequestPhase::kRewrite;
  EXPECT_EQ(plugin(text, "", policy)->phases(), (chain::PhaseSet{Phase::kRewrite, Phase::kLog}));
}

TEST_F(Filters, ARequestIsAnsweredInsteadOfForwarded) {
  PluginRun run(plugin(module_of(headers("request", "(call $refuse) (i32.const 1)"))));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.response(), nullptr);
  EXPECT_EQ(verdict.response()->status, 403);
  EXPECT_EQ(verdict.response()->body, "x-w");
}

TEST_F(Filters, OfTwoAnswersTheFirstCounts) {
  PluginRun run(plugin(module_of(headers("request", R"((call $refuse)
    (drop (call $answer (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                        (i32.const 0) (i32.const -1))) (i32.const 0))"))));
  EXPECT_EQ(run.request().response()->status, 403);
}

TEST_F(Filters, AResponseIsReplacedWhileItsHeadHasNotLeft) {
  auto made = plugin(module_of(headers("response", "(call $refuse) (i32.const 0)")));
  PluginRun early(made);
  EXPECT_EQ(early.response().response()->status, 403);
  PluginRun late(made);
  late.exchange.response_head_sent = true;
  EXPECT_TRUE(late.response().closes());
}

TEST_F(Filters, AnswersAfterTheEndAreIgnored) {
  PluginRun run(plugin(module_of(headers("request", "(i32.const 0)"), R"(
    (func (export "proxy_on_done") (param i32) (result i32) (call $refuse) (i32.const 1))
    (func (export "proxy_on_log") (param i32) (call $refuse) (drop (call $close (i32.const 0))))
    (func (export "proxy_on_delete") (param i32) (call $refuse) (drop (call $continue (i32.const 0)))))")));
  EXPECT_TRUE(run.request().proceeds());
  run.run->log();
  EXPECT_TRUE(log_.has("there is no exchange that could be answered now"));
}

TEST_F(Filters, APausedRequestWaitsUntilAnotherContextLetsItGoOn) {
  // A request with more than its three pseudo-headers lets the first one, which is context 2, go on.
  auto made = plugin(module_of(headers("request", R"(
    (if (i32.eq (local.get 1) (i32.const 3)) (then (return (i32.const 1))))
    (drop (call $choose (i32.const 2))) (drop (call $continue (i32.const 0))) (i32.const 0))")));
  PluginRun first(made);
  Running waiting(first.run->run(Phase::kAccess));
  EXPECT_FALSE(waiting.is_done());
  PluginRun second(made);
  second.header("x", "y");
  EXPECT_TRUE(second.request().proceeds());
  EXPECT_FALSE(waiting.is_done());
  run_messages();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_TRUE(waiting.result().proceeds());
}

TEST_F(Filters, APausedRequestCanBeAnsweredOrClosedFromAnotherContext) {
  for (std::string_view act : {"(call $refuse)", "(drop (call $close (i32.const 0)))"}) {
    auto made = plugin(module_of(headers("request",
                                         "(if (i32.eq (local.get 1) (i32.const 3)) (then (return (i32.const 1))))"
                                         "(drop (call $choose (i32.const 2)))" +
                                             std::string(act) + "(i32.const 0)")));
    PluginRun first(made);
    Running waiting(first.run->run(Phase::kAccess));
    PluginRun second(made);
    second.header("x", "y");
    EXPECT_TRUE(second.request().proceeds());
    run_messages();
    ASSERT_TRUE(waiting.is_done());
    EXPECT_FALSE(waiting.result().proceeds());
  }
}

TEST_F(Filters, ContinuingInsideTheCallbackWinsOverItsPause) {
  for (int stream : {0, 1}) {
    std::string resume = "(drop (call $continue (i32.const " + std::to_string(stream) + "))) (i32.const 1)";
    PluginRun run(plugin(module_of(headers(stream == 0 ? "request" : "response", resume))));
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_TRUE(run.response().proceeds());
  }
}

TEST_F(Filters, EveryOtherActionOfHeadersPauses) {
  for (auto [action, waits] : {std::pair{0, false}, {1, true}, {2, false}, {3, true}, {4, true}, {99, true}}) {
    PluginRun run(plugin(module_of(headers("request", "(i32.const " + std::to_string(action) + ")"))));
    Running running(run.run->run(Phase::kAccess));
    EXPECT_EQ(running.is_done(), !waits) << action;
  }
}

TEST_F(Filters, AClientThatGoesWhileItsRequestIsPausedLeavesNothing) {
  auto made = plugin(module_of(headers("request", "(i32.const 1)"), R"((data (i32.const 300) "deleted")
    (func (export "proxy_on_delete") (param i32) (drop (call $log (i32.const 2) (i32.const 300) (i32.const 7)))))"));
  {
    PluginRun run(made);
    Running running(run.run->run(Phase::kAccess));
    EXPECT_FALSE(running.is_done());
  }
  EXPECT_TRUE(log_.has("plugin test: deleted"));
  run_messages();
}

TEST_F(Filters, BodiesPassPieceByPiece) {
  PluginRun run(plugin(module_of(bodies("request", "(i32.const 0)"))));
  EXPECT_EQ(run.body(Phase::kRequestBody, "one", false), "one");
  EXPECT_EQ(run.body(Phase::kRequestBody, "two", true), "two");
}

// Holds until the last piece, then goes on.
constexpr std::string_view kHold = "(if (local.get $last) (then (return (i32.const 0)))) (i32.const 1)";

TEST_F(Filters, ABodyIsHeldUntilItsPluginHasSeenEnough) {
  PluginRun run(plugin(module_of(bodies("response", kHold))));
  EXPECT_EQ(run.body(Phase::kResponseBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kResponseBody, "two", false), "");
  EXPECT_EQ(run.body(Phase::kResponseBody, "three", true), "onetwothree");
}

TEST_F(Filters, WhatIsHeldCanBeEditedAsOneText) {
  // Puts "bye" before everything when the last piece arrives and six bytes are there.
  PluginRun run(plugin(module_of(bodies("response", R"(
    (if (i32.eqz (local.get $last)) (then (return (i32.const 1))))
    (if (i32.eq (local.get $size) (i32.const 6))
      (then (drop (call $edit (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 210) (i32.const 3)))))
    (i32.const 0))"))));
  EXPECT_EQ(run.body(Phase::kResponseBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kResponseBody, "two", true), "byeonetwo");
}

TEST_F(Filters, AnEditOfWhatIsHeldStays) {
  PluginRun run(plugin(module_of(bodies("response", R"(
    (drop (call $edit (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 210) (i32.const 3)))
    (i32.eqz (local.get $last)))"))));
  EXPECT_EQ(run.body(Phase::kResponseBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kResponseBody, "two", true), "byebyeonetwo");
}

TEST_F(Filters, AStopWithoutBufferDropsThePiece) {
  PluginRun run(plugin(module_of(bodies("request", "(select (i32.const 0) (i32.const 3) (local.get $last))"))));
  EXPECT_EQ(run.body(Phase::kRequestBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kRequestBody, "two", true), "two");
}

TEST_F(Filters, HoldingTooMuchIsAnsweredByTheChain) {
  for (auto [most, status] : {std::pair(1000u, 413), {2000u, 0}}) {
    PluginPolicy policy;
    policy.limits.held_body_bytes = most;
    PluginRun run(plugin(module_of(bodies("request", "(i32.const 1)")), "", policy));
    http::Chunk passed;
    Running running(run.run->run_body(Phase::kRequestBody, {std::string(1001, 'x'), false}, passed));
    ASSERT_TRUE(running.is_done());
    EXPECT_EQ(running.result().proceeds() ? 0 : running.result().response()->status, status);
  }
}

TEST_F(Filters, ThePauseOfALastPieceWaits) {
  PluginRun run(plugin(module_of(bodies("request", "(i32.const 1)"))));
  EXPECT_EQ(run.body(Phase::kRequestBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kRequestBody, "two", true), "(waits)");
}

TEST_F(Filters, ABodyCallbackMayAnswer) {
  PluginRun run(plugin(module_of(bodies("response", "(call $refuse) (i32.const 0)"))));
  EXPECT_EQ(run.body(Phase::kResponseBody, "one", false), "(ended)");
}

struct BodyInMemory final : exchange::RequestBodyReader {
  std::string text = "the body";
  async::Task<Result<std::string_view>> whole_request_body(std::size_t limit) override {
    if (text.size() > limit) return Result<std::string_view>(fail(ErrorCode::kLimit, "too long"));
    return Result<std::string_view>(text);
  }
};

constexpr std::string_view kWantsRequestBody =
    "(drop (call $set (i32.const 100) (i32.const 21) (i32.const 206) (i32.const 1))) (i32.const 0)";

TEST_F(Filters, AWholeRequestBodyIsSeenInThePhaseOfTheHeaders) {
  // Adds a header after it has seen eight bytes and the end.
  PluginRun run(plugin(module_of(headers("request", kWantsRequestBody), bodies("request", R"(
    (if (i32.and (i32.eq (local.get $size) (i32.const 8)) (local.get $last))
      (then (drop (call $add (i32.const 0) (i32.const 200) (i32.const 6) (i32.const 206) (i32.const 4)))))
    (i32.const 0))"))));
  BodyInMemory reader;
  run.exchange.body_reader = &reader;
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.exchange.request.headers.get("x-wasm"), "true");
  EXPECT_EQ(run.body(Phase::kRequestBody, "the body", true), "the body");  // not seen a second time
  EXPECT_EQ(run.exchange.request.headers.count("x-wasm"), 1u);
}

TEST_F(Filters, AWholeRequestBodyCanBeEditedAndRefused) {
  PluginRun edits(plugin(module_of(headers("request", kWantsRequestBody), bodies("request", R"(
    (drop (call $edit (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 210) (i32.const 3))) (i32.const 0))"))));
  BodyInMemory reader;
  edits.exchange.body_reader = &reader;
  EXPECT_TRUE(edits.request().proceeds());
  EXPECT_EQ(edits.body(Phase::kRequestBody, "the body", true), "bye body");

  PluginRun refuses(
      plugin(module_of(headers("request", kWantsRequestBody), bodies("request", "(call $refuse) (i32.const 0)"))));
  refuses.exchange.body_reader = &reader;
  EXPECT_EQ(refuses.request().response()->status, 403);

  reader.text.assign(PluginLimits{}.held_body_bytes + 1, 'x');
  PluginRun too_long(plugin(module_of(headers("request", kWantsRequestBody), bodies("request", "(i32.const 0)"))));
  too_long.exchange.body_reader = &reader;
  EXPECT_EQ(too_long.request().response()->status, 413);
}

TEST_F(Filters, AWholeResponseBodyIsSeenOnce) {
  PluginRun run(plugin(module_of(
      headers("response",
              "(drop (call $set (i32.const 150) (i32.const 22) (i32.const 206) (i32.const 1))) (i32.const 0)"),
      bodies("response", R"((if (i32.eqz (local.get $last)) (then unreachable))
        (drop (call $edit (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 210) (i32.const 3))) (i32.const 0))"))));
  EXPECT_TRUE(run.response().proceeds());
  EXPECT_EQ(run.body(Phase::kResponseBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kResponseBody, "two", true), "byeonetwo");
}

// Pauses in the headers, then adds a header from the callback of the body.
std::string deciding_by_the_body(std::string_view direction, int map) {
  std::string add = "(drop (call $add (i32.const " + std::to_string(map) +
                    ") (i32.const 200) (i32.const 6) (i32.const 206) (i32.const 4))) (i32.const 0)";
  return module_of(headers(direction, "(i32.const 1)"), bodies(direction, add));
}
PluginPolicy showing_bodies() {
  PluginPolicy policy;
  policy.pause_in_headers = PauseInHeaders::kShowsBody;
  return policy;
}

TEST_F(Filters, APauseInHeadersHoldsTheBodyWithEveryVersion) {
  for (std::string_view version : {"0_1_0", "0_2_0", "0_2_1"}) {
    auto text = wat("", R"((func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) unreachable))",
                    version);
    PluginRun run(plugin(text));
    BodyInMemory reader;
    run.exchange.body_reader = &reader;
    run.exchange.request.body = http::BodyLength::sized(8);
    Running running(run.run->run(Phase::kAccess));
    EXPECT_FALSE(running.is_done()) << version;
  }
}

TEST_F(Filters, APauseInHeadersMayLetTheBodyComeToThePlugin) {
  PluginRun run(plugin(deciding_by_the_body("request", 0), "", showing_bodies()));
  BodyInMemory reader;
  run.exchange.body_reader = &reader;
  run.exchange.request.body = http::BodyLength::sized(8);
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.exchange.request.headers.get("x-wasm"), "true");
  EXPECT_EQ(run.body(Phase::kRequestBody, "the body", true), "the body");

  PluginRun without_body(plugin(deciding_by_the_body("request", 0), "", showing_bodies()));
  Running running(without_body.run->run(Phase::kAccess));
  EXPECT_FALSE(running.is_done());
}

TEST_F(Filters, APauseInResponseHeadersMayLetTheBodyComeToThePlugin) {
  PluginRun run(plugin(deciding_by_the_body("response", 2), "", showing_bodies()));
  run.exchange.response.body = http::BodyLength::sized(8);
  EXPECT_TRUE(run.response().proceeds());
  EXPECT_FALSE(run.exchange.response.headers.has("x-wasm"));
  EXPECT_EQ(run.body(Phase::kResponseBody, "the body", true), "the body");
  EXPECT_EQ(run.exchange.response.headers.get("x-wasm"), "true");
}

TEST_F(Filters, TheOtherPausesHoldTheBodyThoughItMayCome) {
  auto text = module_of(headers("request", "(i32.const 4)"), bodies("request", "unreachable"));
  PluginRun run(plugin(text, "", showing_bodies()));
  BodyInMemory reader;
  run.exchange.body_reader = &reader;
  run.exchange.request.body = http::BodyLength::sized(8);
  Running running(run.run->run(Phase::kAccess));
  EXPECT_FALSE(running.is_done());
}

}  // namespace
}  // namespace sallyport::wasm
