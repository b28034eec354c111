#include "plugins/wasm/callback_sequences.h"

#include "plugins/wasm/trap_text_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

ModuleOutline exporting(std::initializer_list<Callback> callbacks, std::size_t header_params = 3) {
  ModuleOutline outline;
  for (Callback callback : callbacks) {
    const CallbackShape& shape = shape_of(callback);
    std::size_t params = callback == Callback::kRequestHeaders ? header_params : shape.most_params;
    outline.exports.push_back(
        {std::string(shape.name), ExternKind::kFunction, 0, Signature{std::vector(params, ValueType::kI32), {}}});
  }
  return outline;
}

std::vector<Sequence> sequences(const ModuleOutline& outline) {
  return sequences_of(sequenced_callbacks(outline), outline);
}

TEST(CallbackSequences, HoldWhatTheModuleExports) {
  auto outline = exporting({Callback::kContextCreate, Callback::kRequestHeaders, Callback::kLog, Callback::kDelete});
  auto callbacks = sequenced_callbacks(outline);
  EXPECT_EQ(callbacks[0], (std::vector{Callback::kContextCreate, Callback::kRequestHeaders}));
  EXPECT_EQ(callbacks[1], (std::vector{Callback::kLog, Callback::kDelete}));
}

TEST(CallbackSequences, OfOneCallbackAreNone) {
  auto outline = exporting({Callback::kRequestHeaders, Callback::kDone});
  for (const Sequence& sequence : sequences(outline)) EXPECT_TRUE(sequence.steps.empty());
  EXPECT_EQ(sequence_module(sequences(outline)), "");
}

TEST(CallbackSequences, PassTheOldestVersionNoEndOfStream) {
  auto outline = exporting({Callback::kContextCreate, Callback::kRequestHeaders}, 2);
  const Sequence begin = sequences(outline).front();
  EXPECT_EQ(begin.steps[0].arguments, (std::vector<std::uint8_t>{0, 1}));
  EXPECT_EQ(begin.steps[1].arguments, (std::vector<std::uint8_t>{0, 2}));
}

class SequencesAtWork : public WasmFixture {
 protected:
  // The callbacks of both sequences; `code` is what the one named does.
  static std::string doing(std::string_view callback, std::string_view code) {
    std::string body;
    for (std::string_view name : {"context_create", "request_headers", "done", "log", "delete"}) {
      bool has_result = name == "request_headers" || name == "done";
      body += "(func (export \"proxy_on_" + std::string(name) + "\") (param i32";
      body += name == "context_create" ? " i32)" : name == "request_headers" ? " i32 i32)" : ")";
      if (has_result) body += "(result i32)";
      if (name == callback) body += code;
      body += has_result ? "(i32.const 0))" : ")";
    }
    return body;
  }

  static void go_through(PluginRun& run) {
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_TRUE(run.response().proceeds());
    run.run->log();
  }
};

TEST_F(SequencesAtWork, ATrapNamesItsCallbackAndNoFrameOfOurs) {
  for (std::string_view name : {"request_headers", "done", "log", "delete"}) {
    SCOPED_TRACE(name);
    log_.take();
    PluginRun run(plugin(wat("", doing(name, "unreachable"))));
    chain::Verdict verdict = run.request();
    run.run->log();
    std::string said = verdict.error() ? verdict.error()->what + "\n" : "";
    for (const std::string& line : log_.lines()) said += line + "\n";
    std::string callback = "proxy_on_" + std::string(name);
    std::string expected = callback + " trapped: unreachable (a panic or abort)" + in_function(callback) + "\n";
    EXPECT_NE(said.find("plugin test: " + expected), std::string::npos) << said;
  }
}

TEST_F(SequencesAtWork, ATrapInContextCreateOfAnExchangeIsNamed) {
  PluginRun run(
      plugin(wat("", doing("context_create", "(if (i32.ne (local.get 1) (i32.const 0)) (then unreachable))"))));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("proxy_on_context_create trapped"), std::string::npos) << verdict.error()->what;
}

TEST_F(SequencesAtWork, AnEffectiveContextEndsWithItsCallback) {
  std::string imports = R"((import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32)))
    (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32))))";
  std::string body = R"((data (i32.const 100) "seen")
    (func (export "proxy_on_done") (param i32) (result i32) (call $choose (i32.const 1)))
    (func (export "proxy_on_log") (param i32)
      (drop (call $set (i32.const 100) (i32.const 4) (i32.const 100) (i32.const 4)))))";
  PluginRun run(
      plugin(wat(imports, body + "(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32)"
                                 "(i32.const 0))")));
  go_through(run);
  EXPECT_EQ(run.exchange.property("seen"), "seen");
}

// Each step takes six tenths of the budget at most, all three together more than it.
TEST_F(SequencesAtWork, TheBudgetIsThatOfEachCallback) {
  std::string imports = R"((import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32))))";
  std::string body = R"((func $now (result i64) (drop (call $time (i32.const 0))) (i64.load (i32.const 0)))
    (func $burn (local $end i64) (local.set $end (i64.add (call $now) (i64.const 30000000)))
      (loop $again (br_if $again (i64.lt_u (call $now) (local.get $end)))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "proxy_on_done") (param i32) (result i32) (call $burn) (i32.const 1))
    (func (export "proxy_on_log") (param i32) (call $burn))
    (func (export "proxy_on_delete") (param i32) (call $burn)))";
  PluginPolicy policy;
  policy.limits.cpu_budget = std::chrono::milliseconds(50);
  log_.take();
  PluginRun run(plugin(wat(imports, body), "", policy));
  go_through(run);
  EXPECT_FALSE(log_.has("trapped"));
}

}  // namespace
}  // namespace sallyport::wasm
