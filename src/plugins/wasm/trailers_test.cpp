// Trailers: which callback sees them and when, what their maps allow, and how a pause there ends.

#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm {
namespace {

using chain::Phase;
using testing::ElementsAre;

constexpr std::string_view kImports = R"(
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_size" (func $size_of (param i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_header_map_pairs" (func $set_all (param i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $show (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $edit (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response" (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32))))";

// "x-a" at 100, "x-b" at 103, "new" at 106, ":path" at 110, "content-length" at 120; {"x-c": "set"} as a serialized map
// of 20 bytes at 160. A note is a line of the log: a letter and a digit.
constexpr std::string_view kTools = R"(
  (data (i32.const 100) "x-ax-bnew") (data (i32.const 110) ":path") (data (i32.const 120) "content-length")
  (data (i32.const 160) "\01\00\00\00\03\00\00\00\03\00\00\00x-c\00set\00")
  (data (i32.const 200) "v") (data (i32.const 210) "p")
  (func $note (param $what i32) (param $number i32)
    (i32.store8 (i32.const 300) (local.get $what))
    (i32.store8 (i32.const 301) (i32.add (i32.const 48) (local.get $number)))
    (drop (call $log (i32.const 2) (i32.const 300) (i32.const 2)))))";

constexpr int kRequestMap = 1, kResponseMap = 3;

std::string callback(std::string_view what, std::string_view code) {
  bool is_body = what.ends_with("_body");
  return "(func (export \"proxy_on_" + std::string(what) + "\") (param $id i32) (param $size i32)" +
         (is_body ? "(param $last i32)" : "") + "(result i32)" + std::string(code) + ")";
}
template <class... Parts>
std::string module_of(Parts... parts) {
  return wat(kImports, std::string(kTools) + (std::string(parts) + ...));
}
// A call with the map of a direction in front of its other arguments, whose result is dropped.
std::string with_map(std::string_view function, int map, std::string_view arguments) {
  return "(drop (call $" + std::string(function) + " (i32.const " + std::to_string(map) + ")" + std::string(arguments) +
         "))";
}
constexpr std::string_view kNameA = "(i32.const 100) (i32.const 3)";
constexpr std::string_view kNameB = "(i32.const 103) (i32.const 3)";
constexpr std::string_view kNew = "(i32.const 106) (i32.const 3)";

class Trailers : public WasmFixture {
 protected:
  struct Direction {
    std::string name;
    int map;
    Phase body;
    Phase trailers;
    http::Headers* exchange::Exchange::* fields;
  };
  static std::vector<Direction> both() {
    using exchange::Exchange;
    return {{"request", kRequestMap, Phase::kRequestBody, Phase::kRequestTrailers, &Exchange::request_trailers},
            {"response", kResponseMap, Phase::kResponseBody, Phase::kResponseTrailers, &Exchange::response_trailers}};
  }
  // Puts x-a: 1 and x-a: 2 behind a body.
  static void give(PluginRun& run, const Direction& direction) {
    auto& fields = run.arena.make<http::Headers>(run.arena);
    fields.add("X-A", "1");
    fields.add("x-a", "2");
    run.exchange.*direction.fields = &fields;
  }
  static std::vector<std::string> lines(const PluginRun& run, const Direction& direction) {
    std::vector<std::string> all;
    if (const http::Headers* fields = run.exchange.*direction.fields) {
      for (const http::Field& field : *fields) all.push_back(std::string(field.name) + ": " + std::string(field.value));
    }
    return all;
  }
  std::vector<std::string> notes() {
    std::vector<std::string> all;
    for (const std::string& line : log_.lines()) {
      if (line.starts_with("info plugin test: ")) all.push_back(line.substr(18));
    }
    return all;
  }
};

TEST_F(Trailers, TheirPhasesAreThoseThatTheModuleExports) {
  auto made = plugin(module_of(callback("request_trailers", "(i32.const 0)")));
  EXPECT_EQ(made->phases(), (chain::PhaseSet{Phase::kRequestTrailers, Phase::kLog}));
  made = plugin(module_of(callback("response_trailers", "(i32.const 0)")));
  EXPECT_EQ(made->phases(), (chain::PhaseSet{Phase::kResponseTrailers, Phase::kLog}));
}

TEST_F(Trailers, AreReadAsAMap) {
  for (const Direction& d : both()) {
    std::string map = "(i32.const " + std::to_string(d.map) + ")";
    std::string code = "(call $note (i32.const 110) (local.get $size))" +
                       with_map("get", d.map, std::string(kNameA) + "(i32.const 16) (i32.const 20)") +
                       "(drop (call $show (i32.const 200) (i32.const 1) (i32.load (i32.const 16)) (i32.const 1)))" +
                       "(call $note (i32.const 98) (call $get " + map + std::string(kNameB) +
                       "(i32.const 16) (i32.const 20)))" + with_map("pairs", d.map, "(i32.const 24) (i32.const 28)") +
                       "(drop (call $show (i32.const 210) (i32.const 1) (i32.load (i32.const 24)) (i32.load (i32.const "
                       "28)))) (i32.const 0)";
    PluginRun run(plugin(module_of(callback(d.name + "_trailers", code))));
    give(run, d);
    log_.take();
    EXPECT_TRUE(run.phase(d.trailers).proceeds());
    EXPECT_THAT(notes(), ElementsAre("n2", "b1"));  // two lines; the other name is not found
    EXPECT_EQ(run.exchange.property("v"), "1");
    ASSERT_TRUE(run.exchange.property("p"));
    EXPECT_EQ(run.exchange.property("p")->size(), 4u + 2 * (8 + 3 + 1 + 1 + 1));
    EXPECT_NE(run.exchange.property("p")->find("x-a"), std::string_view::npos);
  }
}

TEST_F(Trailers, AreAddedReplacedAndRemoved) {
  for (const Direction& d : both()) {
    auto edited = [&](const std::string& code) {
      PluginRun run(plugin(module_of(callback(d.name + "_trailers", code + "(i32.const 0)"))));
      give(run, d);
      EXPECT_TRUE(run.phase(d.trailers).proceeds());
      return lines(run, d);
    };
    EXPECT_THAT(edited(with_map("add", d.map, std::string(kNameB) + std::string(kNew))),
                ElementsAre("X-A: 1", "x-a: 2", "x-b: new"));
    EXPECT_THAT(edited(with_map("replace", d.map, std::string(kNameA) + std::string(kNew))), ElementsAre("X-A: new"));
    EXPECT_THAT(edited(with_map("remove", d.map, kNameA)), ElementsAre());
    EXPECT_THAT(edited(with_map("set_all", d.map, "(i32.const 160) (i32.const 20)")), ElementsAre("x-c: set"));
  }
}

TEST_F(Trailers, HoldNoFieldsOfHeadsAndFraming) {
  for (const Direction& d : both()) {
    std::string code = with_map("add", d.map, "(i32.const 110) (i32.const 5)" + std::string(kNew)) +
                       with_map("replace", d.map, "(i32.const 120) (i32.const 14)" + std::string(kNew)) +
                       with_map("add", d.map, std::string(kNameB) + "(i32.const 163) (i32.const 2)") + "(i32.const 0)";
    PluginRun run(plugin(module_of(callback(d.name + "_trailers", code))));
    give(run, d);
    EXPECT_TRUE(run.phase(d.trailers).proceeds());
    EXPECT_THAT(lines(run, d), ElementsAre("X-A: 1", "x-a: 2"));
    EXPECT_TRUE(log_.has("header :path is left as it is: it cannot be set"));
    EXPECT_TRUE(log_.has("header x-b is left as it is: its value has control characters"));
  }
}

TEST_F(Trailers, CannotBeChangedBeforeTheyCameOrAfterTheyLeft) {
  for (const Direction& d : both()) {
    std::string add = with_map("add", d.map, std::string(kNameB) + std::string(kNew));
    PluginRun run(plugin(module_of(callback("request_headers", add + "(i32.const 0)"),
                                   callback(d.name + "_trailers", "(i32.const 0)"),
                                   "(func (export \"proxy_on_log\") (param i32)" + add + ")")));
    EXPECT_TRUE(run.request().proceeds());
    EXPECT_EQ(run.exchange.*d.fields, nullptr);
    EXPECT_TRUE(log_.has("header x-b is left as it is: these headers cannot be changed now"));
    give(run, d);
    EXPECT_TRUE(run.phase(d.trailers).proceeds());
    run.run->log();
    EXPECT_THAT(lines(run, d), ElementsAre("X-A: 1", "x-a: 2"));
  }
}

TEST_F(Trailers, AreMadeByTheCallbackThatSeesTheEndOfABody) {
  for (const Direction& d : both()) {
    std::string add = with_map("add", d.map, std::string(kNameB) + std::string(kNew));
    PluginRun run(plugin(module_of(callback(d.name + "_body", add + "(i32.const 0)"))));
    EXPECT_EQ(run.body(d.body, "one", false), "one");
    EXPECT_EQ(run.exchange.*d.fields, nullptr);
    EXPECT_EQ(run.body(d.body, "two", true), "two");
    EXPECT_THAT(lines(run, d), ElementsAre("x-b: new"));
  }
}

// Notes the size and whether it is the end.
std::string noting_body(std::string_view code) {
  return "(call $note (i32.const 115) (local.get $size)) (call $note (i32.const 101) (local.get $last))" +
         std::string(code);
}

TEST_F(Trailers, ComeBehindABodyThatHasNoEndOfItsOwn) {
  for (const Direction& d : both()) {
    PluginRun run(plugin(module_of(callback(d.name + "_body", noting_body("(i32.const 0)")),
                                   callback(d.name + "_trailers",
                                            "(call $note (i32.const 116) (local.get $size))"
                                            "(i32.const 0)"))));
    log_.take();
    EXPECT_EQ(run.body(d.body, "one", false), "one");
    give(run, d);
    EXPECT_EQ(run.body(d.body, "four", true), "four");
    EXPECT_TRUE(run.phase(d.trailers).proceeds());
    EXPECT_THAT(notes(), ElementsAre("s3", "e0", "s4", "e0", "t2"));
  }
}

TEST_F(Trailers, AreNoReasonToHideTheEndFromAModuleThatWantsNone) {
  for (const Direction& d : both()) {
    PluginRun run(plugin(module_of(callback(d.name + "_body", noting_body("(i32.const 0)")))));
    give(run, d);
    log_.take();
    EXPECT_EQ(run.body(d.body, "two", true), "two");
    EXPECT_THAT(notes(), ElementsAre("s3", "e1"));
  }
}

TEST_F(Trailers, EndTheWaitOfABodyThatIsHeldForThem) {
  for (const Direction& d : both()) {
    std::string buffer = d.name == "request" ? "0" : "1";
    std::string trailers = "(call $note (i32.const 116) (local.get $size))" +
                           ("(drop (call $edit (i32.const " + buffer) +
                           ") (i32.const 0) (i32.const 0) (i32.const 106) (i32.const 3)))" +
                           with_map("remove", d.map, kNameA) + "(i32.const 0)";
    PluginRun run(
        plugin(module_of(callback(d.name + "_body", "(i32.const 1)"), callback(d.name + "_trailers", trailers))));
    log_.take();
    EXPECT_EQ(run.body(d.body, "one", false), "");
    give(run, d);
    EXPECT_EQ(run.body(d.body, "two", true), "newonetwo");
    EXPECT_TRUE(run.phase(d.trailers).proceeds());
    EXPECT_THAT(notes(), ElementsAre("t2"));  // once
    EXPECT_THAT(lines(run, d), ElementsAre());
  }
}

TEST_F(Trailers, APauseThereLastsUntilAnotherContextContinues) {
  for (const Direction& d : both()) {
    std::string stream = d.name == "request" ? "0" : "1";
    std::string wakes =
        "(if (i32.eq (local.get $size) (i32.const 4)) (then (drop (call $choose (i32.const 2)))"
        "(drop (call $continue (i32.const " +
        stream + "))))) (i32.const 0)";
    auto made = plugin(module_of(callback(d.name + "_trailers", "(i32.const 1)"), callback("request_headers", wakes)));
    PluginRun first(made);
    give(first, d);
    EXPECT_TRUE(first.request().proceeds());
    Running waiting(first.run->run(d.trailers));
    EXPECT_FALSE(waiting.is_done());
    PluginRun second(made);
    second.header("x", "y");
    EXPECT_TRUE(second.request().proceeds());
    run_messages();
    ASSERT_TRUE(waiting.is_done());
    EXPECT_TRUE(waiting.result().proceeds());
  }
}

TEST_F(Trailers, ContinuingInsideTheCallbackWinsOverItsPause) {
  for (const Direction& d : both()) {
    std::string stream = d.name == "request" ? "0" : "1";
    PluginRun run(plugin(
        module_of(callback(d.name + "_trailers", "(drop (call $continue (i32.const " + stream + "))) (i32.const 1)"))));
    give(run, d);
    EXPECT_TRUE(run.phase(d.trailers).proceeds());
  }
}

TEST_F(Trailers, TheirCallbackMayAnswerCloseAndTrap) {
  for (const Direction& d : both()) {
    auto verdict_of = [&](std::string_view code, bool head_sent) {
      PluginRun run(plugin(module_of(callback(d.name + "_trailers", std::string(code) + "(i32.const 0)"))));
      give(run, d);
      run.exchange.response_head_sent = head_sent;
      chain::Verdict verdict = run.phase(d.trailers);
      return verdict.response() ? "answer" : verdict.closes() ? "close" : verdict.error() ? "error" : "proceed";
    };
    constexpr std::string_view kAnswer =
        "(drop (call $answer (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
        "(i32.const 0) (i32.const -1)))";
    EXPECT_STREQ(verdict_of(kAnswer, false), "answer");
    EXPECT_STREQ(verdict_of(kAnswer, true), "close");
    EXPECT_STREQ(verdict_of("(drop (call $close (i32.const 0)))", false), "close");
    EXPECT_STREQ(verdict_of("unreachable", false), "error");
  }
}

TEST_F(Trailers, AWholeBodyIsTheEndAndItsTrailersFollow) {
  constexpr std::string_view kWants =
      R"((drop (call $show (i32.const 400) (i32.const 22) (i32.const 106) (i32.const 1))) (i32.const 0))";
  PluginRun run(
      plugin(module_of(R"((data (i32.const 400) "wasm_process_resp_body"))", callback("response_headers", kWants),
                       callback("response_body", noting_body("(i32.const 0)")),
                       callback("response_trailers",
                                "(call $note (i32.const 116) (local.get $size))"
                                "(i32.const 0)"))));
  log_.take();
  EXPECT_TRUE(run.response().proceeds());
  EXPECT_EQ(run.body(Phase::kResponseBody, "one", false), "");
  give(run, both()[1]);
  EXPECT_EQ(run.body(Phase::kResponseBody, "two", true), "onetwo");
  EXPECT_TRUE(run.phase(Phase::kResponseTrailers).proceeds());
  EXPECT_THAT(notes(), ElementsAre("s6", "e1", "t2"));
}

}  // namespace
}  // namespace sallyport::wasm
