// gRPC streams of a plugin: what it sends, what it is told, and how they end.

#include "async/manual_reactor_fixture.h"
#include "plugins/wasm/grpc_answer.h"
#include "plugins/wasm/http_calls.h"
#include "plugins/wasm/scripted_http_client_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

#include <cstring>

namespace sallyport::wasm {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::chrono_literals;

// `$open` opens a stream to auth a.B/C, whose number stands at 16 then; `$send` sends "hi" on it; `$answer` keeps what
// a host call answers, and $note a number, for the shared data `diary`.
constexpr std::string_view kParts = R"(
  (data (i32.const 1000) "auth") (data (i32.const 1010) "a.B") (data (i32.const 1020) "C")
  (data (i32.const 1030) "hi") (data (i32.const 1040) "diary")
  (data (i32.const 1100) "\02\00\00\00\0c\00\00\00\02\00\00\00\0c\00\00\00\05\00\00\00")
  (data (i32.const 1120) "grpc-timeout\002S\00content-type\00a/bcd\00")
  (global $end (mut i32) (i32.const 20000))
  (func $note (param i32)
    (i32.store (global.get $end) (local.get 0))
    (global.set $end (i32.add (global.get $end) (i32.const 4)))
    (drop (call $share (i32.const 1040) (i32.const 5) (i32.const 20000) (i32.sub (global.get $end) (i32.const 20000))
                       (i32.const 0))))
  (func $open (drop (call $stream (i32.const 1000) (i32.const 4) (i32.const 1010) (i32.const 3) (i32.const 1020)
                        (i32.const 1) (i32.const 1100) (i32.const 55) (i32.const 16))))
  (func $send (param $is_last i32)
    (call $note (call $grpc_send (i32.load (i32.const 16)) (i32.const 1030) (i32.const 2) (local.get $is_last))))
  (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32)
    (call $note (i32.const 100)) (call $note (local.get 2)))
  (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32)
    (call $note (i32.const 300)) (call $note (local.get 2)))
  (func (export "proxy_on_grpc_close") (param i32 i32 i32)
    (call $note (i32.const 400)) (call $note (local.get 2))))";

constexpr std::string_view kImports = R"(
  (import "env" "proxy_grpc_stream" (func $stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_send" (func $grpc_send (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_grpc_close" (func $grpc_close (param i32) (result i32)))
  (import "env" "proxy_grpc_cancel" (func $grpc_cancel (param i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $choose (param i32) (result i32))))";

// `received` runs in proxy_on_grpc_receive, `asked` in proxy_on_request_headers, which pauses.
std::string streaming(std::string_view received, std::string_view asked = "(call $open)", std::string_view more = "") {
  return wat(kImports, std::string(kParts) + R"(
    (func (export "proxy_on_grpc_receive") (param i32 i32 i32)
      (call $note (i32.const 200)) (call $note (local.get 2)) )" +
                           std::string(received) + R"()
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 20) (local.get 0)) )" +
                           std::string(asked) + "(i32.const 1))" + std::string(more));
}

class GrpcStreams : public WasmFixture {
 protected:
  GrpcStreams() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.timers.push_back(timers_of(loop_));
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), time_, tested_engine());
  }
  ~GrpcStreams() override {
    plugins_.clear();
    run_messages();
  }

  std::vector<std::uint32_t> diary() {
    auto value = runtime_->state().of("test").data.get("diary");
    std::vector<std::uint32_t> numbers(value ? value->text->size() / 4 : 0);
    if (value) std::memcpy(numbers.data(), value->text->data(), numbers.size() * 4);
    return numbers;
  }
  ScriptedHttpClient::Flow& flow(std::size_t index = 0) { return *client_.flows.at(index); }
  std::uint64_t counted(CallOutcome outcome) { return runtime_->state().of("test").calls.of(outcome); }
  std::uint64_t active() { return runtime_->state().of("test").calls.active(); }

  // An exchange whose plugin has opened a stream and waits.
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

TEST_F(GrpcStreams, AStreamIsARequestThatGoesOn) {
  auto made = plugin(streaming(""));
  Waiting waiting(made);
  ASSERT_EQ(client_.flows.size(), 1u);
  const HttpCallOrder& order = flow().order;
  EXPECT_EQ(order.target.name, "auth");
  EXPECT_TRUE(order.target.speaks_grpc);
  EXPECT_EQ(order.request.method, "POST");
  EXPECT_EQ(order.request.target, "/a.B/C");
  EXPECT_THAT(order.request.headers, ElementsAre(Pair("grpc-timeout", "2S"), Pair("content-type", "application/grpc")));
  EXPECT_EQ(order.request.body, "");
  EXPECT_FALSE(order.ends_with_body);
  EXPECT_EQ(order.timeout, Milliseconds(2000)) << "its deadline is that of its metadata";
  EXPECT_EQ(active(), 1u);
}

TEST_F(GrpcStreams, EachPartIsToldOnceTheOneBeforeHasBeenDealtWith) {
  auto made = plugin(streaming("(call $send (i32.const 0))"));
  Waiting waiting(made);
  client_.tell_initial(0, {{"x-one", "1"}, {"x-two", "2"}});
  EXPECT_EQ(flow().gone_on, 1);
  client_.tell_message(0, "abc");
  EXPECT_EQ(flow().gone_on, 2);
  client_.tell_message(0, "");
  client_.tell_trailing(0, {{"grpc-status", "0"}});
  EXPECT_EQ(flow().gone_on, 4);
  client_.tell_end(0);
  EXPECT_TRUE(flow().dropped);
  EXPECT_EQ(flow().sent, grpc_frame("hi") + grpc_frame("hi"));
  EXPECT_THAT(diary(), ElementsAre(100, 2, 200, 3, 0, 200, 0, 0, 300, 1, 400, 0));
  EXPECT_EQ(counted(CallOutcome::kAnswered), 1u);
  EXPECT_EQ(active(), 0u);
}

TEST_F(GrpcStreams, ThePluginEndsWhatItSends) {
  auto made =
      plugin(streaming("(call $send (i32.const 1)) (call $send (i32.const 0))"
                       "(call $note (call $grpc_close (i32.load (i32.const 16))))"));
  Waiting waiting(made);
  client_.tell_message(0, "");
  EXPECT_EQ(flow().sent, grpc_frame("hi"));
  EXPECT_TRUE(flow().has_sent_all);
  EXPECT_FALSE(flow().dropped) << "the server's side goes on";
  EXPECT_THAT(diary(), ElementsAre(200, 0, 0, 2, 0));
}

TEST_F(GrpcStreams, ClosingEndsOnlyWhatThePluginSends) {
  auto made = plugin(streaming("(call $note (call $grpc_close (i32.load (i32.const 16)))) (call $send (i32.const 0))"));
  Waiting waiting(made);
  client_.tell_message(0, "");
  EXPECT_TRUE(flow().has_sent_all);
  EXPECT_EQ(flow().sent, "");
  client_.tell_message(0, "more");
  EXPECT_THAT(diary(), ElementsAre(200, 0, 0, 2, 200, 4, 0, 2));
}

TEST_F(GrpcStreams, CancellingEndsItWithoutAWord) {
  auto made =
      plugin(streaming("(call $note (call $grpc_cancel (i32.load (i32.const 16)))) (call $send (i32.const 0))"));
  Waiting waiting(made);
  client_.tell_message(0, "");
  EXPECT_TRUE(flow().dropped);
  EXPECT_EQ(flow().gone_on, 0);
  EXPECT_THAT(diary(), ElementsAre(200, 0, 0, 1));
  EXPECT_EQ(counted(CallOutcome::kCancelled), 1u);
  EXPECT_EQ(active(), 0u);
}

TEST_F(GrpcStreams, WhatGoesWrongIsAStatusAndALineInTheLog) {
  auto made = plugin(streaming(""));
  Waiting waiting(made);
  client_.tell_trailing(0);
  client_.tell_end(0, {14, "nobody there", CallOutcome::kUnavailable});
  EXPECT_THAT(diary(), ElementsAre(300, 0, 400, 14));
  EXPECT_TRUE(log_.has("grpc_stream to \"auth\": nobody there"));
  EXPECT_EQ(counted(CallOutcome::kUnavailable), 1u);
}

TEST_F(GrpcStreams, TheExchangeGoesOnWhenACallbackSaysSo) {
  auto made =
      plugin(streaming("(drop (call $choose (i32.load (i32.const 20)))) (drop (call $continue (i32.const 0)))"));
  Waiting waiting(made);
  client_.tell_message(0, "");
  EXPECT_FALSE(waiting.phase.is_done());
  run_messages();
  ASSERT_TRUE(waiting.phase.is_done());
  EXPECT_TRUE(waiting.phase.result().proceeds());
  EXPECT_FALSE(flow().dropped) << "it belongs to the conf";
}

TEST_F(GrpcStreams, WhatIsNotSentYetIsBounded) {
  auto made = plugin(streaming("(call $send (i32.const 0))", R"((call $open)
    (i32.store (i32.const 24) (memory.grow (i32.const 31)))
    (call $note (call $grpc_send (i32.load (i32.const 16)) (i32.const 0) (i32.const 2000000) (i32.const 0))))"),
                     "", [] {
                       PluginPolicy policy;
                       policy.limits.memory_bytes = 32 * 65'536;
                       return policy;
                     }());
  Waiting first(made);
  flow(0).unsent = flow(0).sent.size();
  Waiting second(made);
  EXPECT_THAT(diary(), ElementsAre(0, 0)) << "no SDK goes on with anything else";
  ASSERT_TRUE(flow(1).given_up);
  EXPECT_EQ(flow(1).given_up->status, 8u);
  EXPECT_EQ(flow(1).given_up->message, "the requests under way hold as much as the plugin's own memory may");
  EXPECT_EQ(flow(1).sent, "");
  flow(0).unsent = 0;
  Waiting third(made);
  EXPECT_FALSE(flow(2).given_up) << "what has left does not count";
}

TEST_F(GrpcStreams, StreamsCountAsCalls) {
  PluginPolicy policy;
  policy.limits.http_calls.max_calls = 2;
  auto made = plugin(streaming(""), "", policy);
  Waiting first(made), second(made), third(made);
  EXPECT_EQ(client_.flows.size(), 2u);
  EXPECT_TRUE(log_.has("grpc_stream to \"auth\" is refused: 2 calls are under way; raise max_http_calls"));
  client_.tell_end(0);
  Waiting fourth(made);
  EXPECT_EQ(client_.flows.size(), 3u);
}

TEST_F(GrpcStreams, WhatIsOpenedAndSentWhileConfiguringGoesOutOnceTheRootIsOnItsWorker) {
  constexpr std::string_view kConfigure = R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $open) (call $send (i32.const 0)) (call $send (i32.const 1)) (i32.const 1)))";
  auto made = plugin(streaming("", "", kConfigure));
  ASSERT_EQ(client_.flows.size(), 1u);
  EXPECT_TRUE(flow().order.waits_for_target);
  EXPECT_EQ(flow().order.request.body, grpc_frame("hi") + grpc_frame("hi"));
  EXPECT_TRUE(flow().order.ends_with_body);
}

TEST_F(GrpcStreams, ATrapInACallbackEndsTheVmAndItsStreams) {
  auto made = plugin(streaming("unreachable"));
  Waiting first(made), second(made);
  client_.tell_message(0, "");
  EXPECT_TRUE(log_.has("plugin test: proxy_on_grpc_receive trapped: unreachable"));
  EXPECT_TRUE(flow(0).dropped);
  EXPECT_TRUE(flow(1).dropped);
  run_messages();
  for (Waiting* lost : {&first, &second}) {
    ASSERT_TRUE(lost->phase.is_done());
    EXPECT_TRUE(lost->phase.result().error());
  }
  EXPECT_EQ(counted(CallOutcome::kCancelled), 2u);
  EXPECT_EQ(active(), 0u);
  Waiting again(made);
  EXPECT_EQ(client_.flows.size(), 3u);
}

TEST_F(GrpcStreams, StreamsEndWithTheirConf) {
  constexpr std::string_view kConfigure =
      R"((func (export "proxy_on_configure") (param i32 i32) (result i32) (call $open) (i32.const 1)))";
  plugin(streaming("", "", kConfigure));
  plugin(streaming("", "", kConfigure), "another");
  plugins_.pop_back();
  run_messages();
  EXPECT_FALSE(flow(0).dropped);
  EXPECT_TRUE(flow(1).dropped);
  plugins_.clear();
  run_messages();
  EXPECT_TRUE(flow(0).dropped);
}

TEST_F(GrpcStreams, ThoseOfASandboxEndWithItsExchange) {
  if (is_wasmedge()) GTEST_SKIP() << kNoSandboxes;
  PluginPolicy policy;
  policy.isolation = Isolation::kRequest;
  auto made = plugin(streaming("(drop (call $choose (i32.load (i32.const 20)))) (drop (call $continue (i32.const 0)))"),
                     "", policy);
  {
    Waiting first(made), second(made);
    client_.tell_message(0, "");
    run_messages();
    EXPECT_TRUE(first.phase.is_done());
    EXPECT_FALSE(second.phase.is_done());
    EXPECT_EQ(flow(0).gone_on, 1);
  }
  EXPECT_TRUE(flow(0).dropped);
  EXPECT_TRUE(flow(1).dropped);
}

TEST_F(GrpcStreams, AModuleWithoutTheCallbacksMayOpenThem) {
  std::string text = streaming("");
  for (std::string_view name : {"proxy_on_grpc_receive\"", "proxy_on_grpc_receive_initial_metadata"}) {
    text.replace(text.find(name), 8, "nothing_");
  }
  auto made = plugin(text);
  Waiting waiting(made);
  client_.tell_initial(0);
  client_.tell_message(0, "abc");
  EXPECT_EQ(flow().gone_on, 2);
  EXPECT_THAT(diary(), IsEmpty());
}

TEST_F(GrpcStreams, TheNameOfOlderSdksForTrailingMetadataIsUnderstood) {
  std::string text = streaming("");
  constexpr std::string_view kName = "proxy_on_grpc_receive_trailing_metadata";
  text.replace(text.find(kName), kName.size(), "proxy_on_grpc_trailing_metadata");
  auto made = plugin(text);
  Waiting waiting(made);
  client_.tell_trailing(0, {{"x-one", "1"}});
  EXPECT_THAT(diary(), ElementsAre(300, 1));
  text.replace(text.find("(param i32 i32 i32)\n    (call $note (i32.const 300))"), 19, "(param i32 i32 i32 i32)");
  auto refused = try_plugin(text);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what,
              testing::HasSubstr("it exports proxy_on_grpc_trailing_metadata as (i32, i32, i32, i32) -> () instead"));
}

}  // namespace
}  // namespace sallyport::wasm
