// Each callback of the ABI: when it comes, with which arguments, and what its result does.

#include "async/manual_reactor_fixture.h"
#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/scripted_http_client_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

#include <cstring>

namespace sallyport::wasm {
namespace {

using chain::Phase;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view kImports = R"(
  (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
  (import "env" "proxy_done" (func $done (result i32)))
  (import "env" "proxy_http_call" (func $ask (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_call"
    (func $ask_grpc (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_stream" (func $stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))";

// $write appends a number to what the shared data `diary` will have, $show puts it there.
constexpr std::string_view kPen = R"(
  (data (i32.const 8200) "auth") (data (i32.const 8300) "diary") (data (i32.const 8400) "q")
  (data (i32.const 8210) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00")
  (data (i32.const 8238) ":method\00GET\00:path\00/\00:authority\00a\00")
  (global $end (mut i32) (i32.const 20000))
  (func $write (param $number i32)
    (i32.store (global.get $end) (local.get $number))
    (global.set $end (i32.add (global.get $end) (i32.const 4))))
  (func $show (drop (call $share (i32.const 8300) (i32.const 5) (i32.const 20000)
                                 (i32.sub (global.get $end) (i32.const 20000)) (i32.const 0))))
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func $call (drop (call $ask (i32.const 8200) (i32.const 4) (i32.const 8210) (i32.const 61) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 8500))))
  (func $call_grpc (drop (call $ask_grpc (i32.const 8200) (i32.const 4) (i32.const 8400) (i32.const 1) (i32.const 8400)
      (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 8500))))
  (func $open (drop (call $stream (i32.const 8200) (i32.const 4) (i32.const 8400) (i32.const 1) (i32.const 8400)
      (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8500))))
  (func $want (drop (call $every (i32.const 100)))
              (drop (call $register (i32.const 8400) (i32.const 1) (i32.const 8500)))))";

struct Wish {
  std::string_view callback;
  std::string_view code;  // that runs in it
  std::string_view result = "";
};

// A module that exports every callback but one and keeps a diary of them: its place in the table, then its arguments.
std::string diarist(std::vector<Wish> wishes = {}, int params_of_headers = 3, std::string_view version = "0_2_1",
                    std::string_view missing = "") {
  std::string code(kPen);
  for (std::size_t i = 0; i < kCallbacks; ++i) {
    const CallbackShape& shape = kCallbackShapes[i];
    if (shape.name == missing) continue;
    const bool asks = shape.name.starts_with("proxy_on_v") || shape.name.find("config") != std::string_view::npos ||
                      shape.name == "proxy_on_done";
    const int params = shape.least_params == shape.most_params ? shape.most_params : params_of_headers;
    std::string result = !shape.has_result ? "" : asks ? "(i32.const 1)" : "(i32.const 0)";
    code += "(func (export \"" + std::string(shape.name) + "\")";
    for (int p = 0; p < params; ++p) code += " (param i32)";
    if (shape.has_result) code += " (result i32)";
    code += " (call $write (i32.const " + std::to_string(i) + "))";
    for (int p = 0; p < params; ++p) code += "(call $write (local.get " + std::to_string(p) + "))";
    code += "(call $show)";
    for (const Wish& wish : wishes) {
      if (wish.callback != shape.name) continue;
      code += wish.code;
      if (!wish.result.empty()) result = wish.result;
    }
    code += result + ")";
  }
  return wat(kImports, code, version);
}

class EveryCallback : public WasmFixture {
 protected:
  EveryCallback() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.timers.push_back(timers_of(loop_));
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), time_, tested_engine());
  }
  ~EveryCallback() override { end_all(); }

  void end_all() {
    plugins_.clear();
    run_messages();
  }

  // "request_body 2 3 0" and so on, since the last look.
  std::vector<std::string> diary(int params_of_headers = 3) {
    auto value = runtime_->state().of("test").data.get("diary");
    const std::string bytes = value ? std::string(*value->text) : std::string();
    std::vector<std::string> entries;
    auto next = [&] {
      std::uint32_t number = 0;
      std::memcpy(&number, bytes.data() + read_, sizeof number);
      read_ += sizeof number;
      return number;
    };
    while (read_ < bytes.size()) {
      const CallbackShape& shape = kCallbackShapes.at(next());
      const int params = shape.least_params == shape.most_params ? shape.most_params : params_of_headers;
      std::string_view name = shape.name;
      name.remove_prefix(name.starts_with("proxy_on_") ? 9 : 6);
      std::string& entry = entries.emplace_back(name);
      for (int p = 0; p < params; ++p) entry += " " + std::to_string(next());
    }
    return entries;
  }
  // Of a module without the callback `missing`, for which everything happens that a callback tells of.
  std::vector<std::string> diary_of_everything(std::string_view missing) {
    constexpr std::string_view kCalls = "(call $call) (call $call_grpc) (call $call_grpc) (call $open)";
    auto made = plugin(
        diarist({{"proxy_on_configure", "(call $want)"}, {"proxy_on_request_headers", kCalls}}, 3, "0_2_1", missing));
    const std::size_t call = client_.flights.size(), stream = client_.flows.size();
    {
      PluginRun run(made);
      EXPECT_TRUE(run.goes_through());
    }
    client_.answer(call, 200);
    client_.answer(call + 1, http::CallAnswer{200, {}, std::string(5, '\0'), {{"grpc-status", "0"}}});
    client_.fail_with(call + 2, http::CallFailure::Kind::kTimeout);
    client_.tell_initial(stream);
    client_.tell_trailing(stream);
    run_messages();
    runtime_->state().queues().enqueue(1, "message");
    pass(100ms);
    std::vector<std::string> seen = diary();
    made.reset();
    begin_anew();
    return seen;
  }
  // Once no plugin is held: without what those until now have left.
  void begin_anew() {
    end_all();
    runtime_->state().of("test").data.remove("diary");
    read_ = 0;
  }
  void pass(Milliseconds time) {
    time_.advance(time);
    loop_.advance(time);
    run_messages();
  }
  static http::Headers& trailers_in(PluginRun& run) {
    auto& trailers = run.arena.make<http::Headers>(run.arena);
    trailers.add("x-t", "1");
    trailers.add("x-u", "2");
    return trailers;
  }

  FakeClock time_;
  async::ManualReactor loop_;
  ScriptedHttpClient client_;
  std::size_t read_ = 0;
};

TEST_F(EveryCallback, ComesInItsOrderWithItsArguments) {
  auto made = plugin(diarist({{"proxy_on_configure", "(call $want)"}, {"proxy_on_request_headers", "(call $call)"}}),
                     "configuration");
  EXPECT_THAT(diary(),
              ElementsAre("context_create 1 0", "vm_start 1 16", "validate_configuration 1 13", "configure 1 13"));
  auto run = std::make_unique<PluginRun>(made);
  run->header("X-One", "1");
  run->exchange.request.body = http::BodyLength::sized(6);
  run->exchange.request_trailers = &trailers_in(*run);
  EXPECT_TRUE(run->request().proceeds());
  EXPECT_EQ(run->body(Phase::kRequestBody, "one", false), "one");
  EXPECT_EQ(run->body(Phase::kRequestBody, "four", true), "four");
  EXPECT_TRUE(run->phase(Phase::kRequestTrailers).proceeds());
  EXPECT_THAT(diary(), ElementsAre("context_create 2 1", "request_headers 2 5 0", "request_body 2 3 0",
                                   "request_body 2 4 0", "request_trailers 2 2"));
  run->exchange.response.body = http::BodyLength::sized(6);
  EXPECT_TRUE(run->response().proceeds());
  EXPECT_EQ(run->body(Phase::kResponseBody, "seventh", false), "seventh");
  run->exchange.response_trailers = &trailers_in(*run);
  EXPECT_EQ(run->body(Phase::kResponseBody, "", true), "");
  EXPECT_TRUE(run->phase(Phase::kResponseTrailers).proceeds());
  EXPECT_THAT(diary(), ElementsAre("response_headers 2 2 0", "response_body 2 7 0", "response_body 2 0 0",
                                   "response_trailers 2 2"));
  client_.answer(0, http::CallAnswer{204, {{"X-Answer", "3"}}, "answer", {{"X-Sum", "4"}}});
  run_messages();
  runtime_->state().queues().enqueue(1, "message");
  run_messages();
  pass(100ms);
  EXPECT_THAT(diary(), ElementsAre("http_call_response 1 4 2 6 1", "queue_ready 1 1", "tick 1"));
  run->run->log();
  run.reset();
  EXPECT_THAT(diary(), ElementsAre("done 2", "log 2", "delete 2"));
  made.reset();
  end_all();
  EXPECT_THAT(diary(), ElementsAre("done 1", "delete 1"));
}

TEST_F(EveryCallback, OfAGrpcStreamTellsItsPartsWithTheirSizes) {
  auto made = plugin(diarist({{"proxy_on_request_headers", "(call $open)"}}));
  {
    PluginRun run(made);
    EXPECT_TRUE(run.goes_through());
  }
  diary();
  client_.tell_initial(0, {{"x-one", "1"}, {"x-two", "2"}});
  client_.tell_message(0, "four");
  client_.tell_message(0, "");
  client_.tell_trailing(0, {{"x-last", "1"}});
  client_.tell_end(0, {5, "none"});
  EXPECT_THAT(diary(), ElementsAre("grpc_receive_initial_metadata 1 6 2", "grpc_receive 1 6 4", "grpc_receive 1 6 0",
                                   "grpc_receive_trailing_metadata 1 6 1", "grpc_close 1 6 5"));
}

std::string_view short_name(const CallbackShape& shape) {
  std::string_view name = shape.name;
  name.remove_prefix(name.starts_with("proxy_on_") ? 9 : 6);
  return name;
}

// Only a host with an extension of its own calls it; this one has none.
bool is_ever_called(const CallbackShape& shape) { return shape.name != "proxy_on_foreign_function"; }

TEST_F(EveryCallback, IsSeenInTheDiaryButForThatOfForeignFunctions) {
  const std::vector<std::string> seen = diary_of_everything("");
  for (const CallbackShape& shape : kCallbackShapes) {
    auto is_seen = Contains(StartsWith(std::string(short_name(shape)) + " "));
    if (is_ever_called(shape))
      EXPECT_THAT(seen, is_seen);
    else
      EXPECT_THAT(seen, Not(is_seen));
  }
}

TEST_F(EveryCallback, MayBeMissing) {
  for (const CallbackShape& missing : kCallbackShapes) {
    if (missing.name == "proxy_on_configure" || missing.name == "proxy_on_request_headers") continue;  // ask for others
    SCOPED_TRACE(missing.name);
    const std::vector<std::string> seen = diary_of_everything(missing.name);
    for (const CallbackShape& shape : kCallbackShapes) {
      auto is_seen = Contains(StartsWith(std::string(short_name(shape)) + " "));
      if (is_ever_called(shape) && shape.name != missing.name)
        EXPECT_THAT(seen, is_seen);
      else
        EXPECT_THAT(seen, Not(is_seen));
    }
  }
}

TEST_F(EveryCallback, OfAConfOrOfHeadersMayBeMissing) {
  for (std::string_view missing : {"proxy_on_configure", "proxy_on_request_headers"}) {
    {
      PluginRun run(plugin(diarist({}, 3, "0_2_1", missing)));
      EXPECT_TRUE(run.goes_through()) << missing;
    }
    EXPECT_THAT(diary(), testing::AllOf(Contains(StartsWith("vm_start ")), Contains(StartsWith("request_body ")),
                                        Contains(StartsWith("response_headers ")), Contains(StartsWith("delete "))))
        << missing;
    begin_anew();
  }
}

// Those of TCP streams, of HTTP/2's METADATA and of other hosts.
TEST_F(EveryCallback, ThatThisHostDoesNotKnowIsNeverCalledWhateverItsType) {
  std::string code(kPen);
  for (std::string_view name : {"proxy_on_new_connection", "proxy_on_downstream_data", "proxy_on_upstream_data",
                                "proxy_on_downstream_connection_close", "proxy_on_upstream_connection_close",
                                "proxy_on_request_metadata", "proxy_on_response_metadata", "envoy_on_resolve_dns",
                                "envoy_on_stats_update", "proxy_on_redis_call_response"}) {
    code += "(func (export \"" + std::string(name) + "\") (param i32 i64) (result f64) unreachable)";
  }
  auto made = plugin(wat(kImports, code));
  PluginRun run(made);
  EXPECT_TRUE(run.goes_through());
  EXPECT_FALSE(log_.has("trapped"));
}

TEST_F(EveryCallback, TellsTheEndOfAMessageWhereNothingFollows) {
  auto made = plugin(diarist());
  diary();
  PluginRun run(made);
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_TRUE(run.response(204).proceeds());
  EXPECT_THAT(diary(),
              ElementsAre("context_create 2 1", StartsWith("request_headers 2 "), StartsWith("response_headers 2 ")));
  PluginRun with_bodies(made);
  with_bodies.exchange.request.body = http::BodyLength::sized(3);
  EXPECT_TRUE(with_bodies.request().proceeds());
  with_bodies.body(Phase::kRequestBody, "one", true);
  EXPECT_THAT(diary(), ElementsAre("context_create 3 1", "request_headers 3 4 0", "request_body 3 3 1"));
}

TEST_F(EveryCallback, OfABodyThatIsHeldTellsAllOfIt) {
  auto made = plugin(diarist({{"proxy_on_request_body", "", "(i32.eqz (local.get 2))"}}));
  diary();
  PluginRun run(made);
  EXPECT_TRUE(run.request().proceeds());
  EXPECT_EQ(run.body(Phase::kRequestBody, "one", false), "");
  EXPECT_EQ(run.body(Phase::kRequestBody, "four", true), "onefour");
  EXPECT_THAT(diary(),
              ElementsAre("context_create 2 1", "request_headers 2 3 1", "request_body 2 3 0", "request_body 2 7 1"));
}

// The version does not decide: modules of each kind are about with either marker.
TEST_F(EveryCallback, OfHeadersTakesTwoOrThreeParametersWithAnyVersion) {
  for (std::string_view version : {"0_1_0", "0_2_0", "0_2_1"}) {
    for (int params : {2, 3}) {
      auto made = plugin(diarist({}, params, version));
      PluginRun run(made);
      EXPECT_TRUE(run.request().proceeds());
      EXPECT_TRUE(run.response().proceeds());
      const std::string end = params == 3 ? " 1" : "";
      EXPECT_THAT(diary(params), Contains("request_headers 2 3" + end));
      made.reset();
      begin_anew();
    }
  }
}

TEST_F(EveryCallback, OfTheEndComesThoughThePluginIsNotDone) {
  auto made = plugin(diarist({{"proxy_on_done", "", "(i32.const 0)"}}));
  diary();
  {
    PluginRun run(made);
    EXPECT_TRUE(run.request().proceeds());
    run.run->log();
  }
  EXPECT_THAT(diary(), ElementsAre("context_create 2 1", "request_headers 2 3 1", "done 2", "log 2", "delete 2"));
  made.reset();
  end_all();
  pass(29s);
  EXPECT_THAT(diary(), ElementsAre("done 1"));
  EXPECT_FALSE(log_.has("proxy_done did not come"));
  pass(1s);
  EXPECT_THAT(diary(), ElementsAre("delete 1"));
  EXPECT_TRUE(log_.has("plugin test: proxy_done did not come within 30 s"));
}

TEST_F(EveryCallback, OfTheEndOfAConfWaitsUntilThePluginIsDone) {
  // Only what is waited for may be done, and once.
  auto made = plugin(diarist({{"proxy_on_done", "(call $call) (call $is (call $done) (i32.const 1))", "(i32.const 0)"},
                              {"proxy_on_http_call_response",
                               "(call $is (call $done) (i32.const 0)) (call $is (call $done) (i32.const 1))"}}));
  diary();
  made.reset();
  end_all();
  EXPECT_THAT(diary(), ElementsAre("done 1"));
  ASSERT_EQ(client_.flights.size(), 1u);
  client_.answer(0, http::CallAnswer{204, {}, "", {}});
  run_messages();
  const std::vector<std::string> told = diary();
  pass(60s);
  EXPECT_THAT(told, ElementsAre("http_call_response 1 4 1 0 0", "delete 1"));
  EXPECT_THAT(diary(), IsEmpty());
  EXPECT_FALSE(log_.has("proxy_done did not come"));
}

TEST_F(EveryCallback, OfTheEndOfAConfMayFailWhileItWaits) {
  auto made = plugin(
      diarist({{"proxy_on_done", "(call $call)", "(i32.const 0)"}, {"proxy_on_http_call_response", "(unreachable)"}}));
  made.reset();
  end_all();
  client_.answer(0, http::CallAnswer{204, {}, "", {}});
  diary();
  pass(60s);
  EXPECT_THAT(diary(), IsEmpty());
  EXPECT_TRUE(log_.has("proxy_on_http_call_response trapped"));
}

TEST_F(EveryCallback, OfAConfMayRefuseIt) {
  for (std::string_view step : {"proxy_on_vm_start", "proxy_validate_configuration", "proxy_on_configure"}) {
    auto made = try_plugin(diarist({{step, "", "(i32.const 0)"}}));
    ASSERT_FALSE(made) << step;
    EXPECT_THAT(made.error().what, testing::HasSubstr(std::string(step) + " refused the configuration"));
    EXPECT_THAT(diary(), IsEmpty());
  }
}

TEST_F(EveryCallback, OfAMessageLetsItGoOnOrHoldsItByItsAction) {
  auto outcome_of = [](PluginRun& run, Phase phase) -> std::string {
    Running running(run.run->run(phase));
    return running.is_done() ? "goes on" : "waits";
  };
  const std::vector<std::string> of_headers{"goes on", "waits", "goes on", "waits", "waits", "waits"};
  const std::vector<std::string> of_trailers{"goes on", "waits", "waits"};
  for (std::string_view direction : {"request", "response"}) {
    const bool is_request = direction == "request";
    auto run_of = [&](std::string_view callback, std::size_t action) {
      const std::string name = "proxy_on_" + std::string(direction) + "_" + std::string(callback);
      const std::string result = "(i32.const " + std::to_string(action) + ")";
      auto run = std::make_unique<PluginRun>(plugin(diarist({{name, "", result}})));
      run->exchange.request_trailers = run->exchange.response_trailers = &trailers_in(*run);
      run->exchange.response.status = 200;
      run->exchange.response_source = exchange::ResponseSource::kUpstream;
      if (!is_request) static_cast<void>(run->request());
      return run;
    };
    for (std::size_t action = 0; action < of_headers.size(); ++action) {
      auto run = run_of("headers", action);
      EXPECT_EQ(outcome_of(*run, is_request ? Phase::kAccess : Phase::kResponseHeaders), of_headers[action]) << action;
    }
    for (std::size_t action = 0; action < of_trailers.size(); ++action) {
      auto run = run_of("trailers", action);
      EXPECT_EQ(outcome_of(*run, is_request ? Phase::kRequestTrailers : Phase::kResponseTrailers), of_trailers[action])
          << action;
    }
  }
}

TEST_F(EveryCallback, OfABodyPassesHoldsOrDropsAPieceByItsAction) {
  const std::vector<std::pair<std::string, std::string>> outcomes{
      {"one", "two"}, {"", "onetwo"}, {"", "onetwo"}, {"", "two"}, {"", "onetwo"}};
  for (Phase phase : {Phase::kRequestBody, Phase::kResponseBody}) {
    const std::string name = phase == Phase::kRequestBody ? "proxy_on_request_body" : "proxy_on_response_body";
    for (std::size_t action = 0; action < outcomes.size(); ++action) {
      // Only of the first piece.
      const std::string result = "(select (i32.const 0) (i32.const " + std::to_string(action) + ") (local.get 2))";
      PluginRun run(plugin(diarist({{name, "", result}})));
      EXPECT_TRUE(run.request().proceeds());
      EXPECT_EQ(run.body(phase, "one", false), outcomes[action].first) << name << action;
      EXPECT_EQ(run.body(phase, "two", true), outcomes[action].second) << name << action;
    }
  }
}

}  // namespace
}  // namespace sallyport::wasm
