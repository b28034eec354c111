#include "plugins/wasm/wasm_filter.h"

#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

constexpr std::string_view kAddHeader =
    R"((import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32))))";

TEST_F(WasmFixture, AHeaderIsAddedToTheResponse) {
  auto added = plugin(wat(kAddHeader, R"(
    (data (i32.const 100) "X-Wasmtrue")
    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
      (drop (call $add (i32.const 2) (i32.const 100) (i32.const 6) (i32.const 106) (i32.const 4)))
      (i32.const 0)))"));
  PluginRun run(added);
  EXPECT_FALSE(added->phases().has(chain::Phase::kAccess));
  EXPECT_TRUE(run.response().proceeds());
  EXPECT_EQ(run.exchange.response.headers.get("x-wasm"), "true");
  run.run->log();
}

constexpr std::string_view kSendLocalResponse =
    R"((import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))";

TEST_F(WasmFixture, APluginAnswersTheRequest) {
  PluginRun run(plugin(wat(kSendLocalResponse, R"(
    (data (i32.const 100) "no way")
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $answer (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 6)
                          (i32.const 0) (i32.const 0) (i32.const -1)))
      (i32.const 1)))")));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.response(), nullptr);
  EXPECT_EQ(verdict.response()->status, 403);
  EXPECT_EQ(verdict.response()->body, "no way");
}

TEST_F(WasmFixture, ATrapIsAFailureAndTheNextRequestWorks) {
  auto traps = plugin(wat("", R"(
    (func $deep unreachable)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eq (local.get 1) (i32.const 4)) (then (call $deep)))
      (i32.const 0)))"));
  {
    PluginRun run(traps);
    run.header("x", "y");
    chain::Verdict verdict = run.request();
    ASSERT_NE(verdict.error(), nullptr);
    EXPECT_EQ(verdict.error()->what,
              "plugin test: proxy_on_request_headers trapped: unreachable (a panic or abort) in deep, called by "
              "proxy_on_request_headers");
  }
  run_messages();
  PluginRun run(traps);
  EXPECT_TRUE(run.request().proceeds());
  run.run->log();
}

}  // namespace
}  // namespace sallyport::wasm
