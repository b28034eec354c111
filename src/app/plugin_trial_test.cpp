#include "app/plugin_trial.h"

#include "app/expectations.h"
#include "app/log_into_trace.h"
#include "app/trace_text.h"
#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Code that is compiled is kept nowhere but here.
struct PluginTrials : testing::Test {
  PluginTrials() { ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1); }

  // Imports that every module may use; `body` are its callbacks.
  TrialOutcome run(std::string_view body) {
    const std::string text = R"((module
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
      (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_send_local_response"
        (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "x-a")
      (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
      (func (export "proxy_abi_version_0_2_1")))" +
                             std::string(body) + ")";
    options.plugin.file = folder.write("plugin.wat", text);
    options.plugin.name = "plugin";
    trace = std::make_shared<TraceRecord>([this](const TraceEvent& event) { told.push_back(event); });
    LogIntoTrace log_into_trace(*trace);
    auto trial = PluginTrial::open(options, trace);
    if (!trial) return {.refusal = trial.error().what};
    return (*trial)->run();
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const TraceEvent& event : told) {
      if (event.kind != TraceEvent::Kind::kReturned) names.push_back(event.name);
    }
    return names;
  }

  static std::string callback(std::string_view name, std::string_view body) {
    return "(func (export \"" + std::string(name) + "\") (param i32 i32 i32) (result i32) " + std::string(body) + ")";
  }

  TemporaryFolder folder;
  WasmRunOptions options;
  std::shared_ptr<TraceRecord> trace;
  std::vector<TraceEvent> told;
};

constexpr std::string_view kAdds =
    "(drop (call $add (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 16) (i32.const 1))) (i32.const 0)";

TEST_F(PluginTrials, TheUpstreamSeesWhatThePluginChanged) {
  options.request.body = "body";
  options.request.method = "POST";
  auto outcome = run(callback("proxy_on_request_headers", kAdds));
  ASSERT_TRUE(outcome.upstream && outcome.response) << outcome.refusal;
  EXPECT_EQ(outcome.upstream->first_line, "POST / HTTP/1.1");
  EXPECT_EQ(outcome.upstream->body, "body");
  EXPECT_EQ(why_not_met({"upstream-header", "X-A: x"}, outcome, *trace), std::nullopt);
  EXPECT_EQ(outcome.response->status, 200);
  EXPECT_EQ(outcome.response->body, "hello from the upstream\n");
  EXPECT_THAT(names(),
              ElementsAre("start", "request", "proxy_on_request_headers", "proxy_add_header_map_value", "end"));
}

TEST_F(PluginTrials, ALocalAnswerDoesNotReachTheUpstream) {
  auto outcome = run(callback("proxy_on_request_headers",
                              "(drop (call $respond (i32.const 401) (i32.const 0) (i32.const 0) (i32.const 16) "
                              "(i32.const 3) (i32.const 0) (i32.const 0) (i32.const -1))) (i32.const 1)"));
  EXPECT_FALSE(outcome.upstream);
  ASSERT_TRUE(outcome.response);
  EXPECT_EQ(outcome.response->status, 401);
  EXPECT_EQ(outcome.response->body, "x-a");
  EXPECT_TRUE(trace->errors().empty());
}

TEST_F(PluginTrials, ATrapIsInTheTraceAndInTheErrors) {
  auto outcome = run(callback("proxy_on_request_headers", "unreachable"));
  ASSERT_TRUE(outcome.response);
  EXPECT_EQ(outcome.response->status, 503);
  EXPECT_TRUE(trace->has_trapped());
  EXPECT_THAT(trace->errors(), ElementsAre(HasSubstr("proxy_on_request_headers trapped: unreachable")));
  EXPECT_THAT(names(), ElementsAre("start", "request", "proxy_on_request_headers", "error", "end"));
}

TEST_F(PluginTrials, ACommandThatEndsByExitHasStartedWell) {
  run(R"((func (export "_start") (call $exit (i32.const 0))))");
  EXPECT_FALSE(trace->has_trapped());
  EXPECT_TRUE(trace->errors().empty());
}

TEST_F(PluginTrials, ACallbackThatEndsByExitHasTrapped) {
  run(callback("proxy_on_request_headers", "(call $exit (i32.const 0)) (i32.const 0)"));
  EXPECT_TRUE(trace->has_trapped());
}

TEST_F(PluginTrials, APluginThatRefusesItsConfIsRefusedWithTheTraceOfThat) {
  auto outcome = run(R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
                          (drop (call $log (i32.const 4) (i32.const 16) (i32.const 3))) (i32.const 0)))");
  EXPECT_THAT(outcome.refusal, HasSubstr("proxy_on_configure refused the configuration; its last log line: x-a"));
  EXPECT_THAT(names(), ElementsAre("start", "proxy_on_configure", "error"));
}

TEST_F(PluginTrials, TicksComeBeforeTheRequest) {
  options.ticks = 2;
  run(R"((func (export "proxy_on_configure") (param i32 i32) (result i32)
           (drop (call $tick (i32.const 60000))) (i32.const 1))
         (func (export "proxy_on_tick") (param i32)))");
  EXPECT_THAT(names(), ElementsAre("start", "proxy_on_configure", "proxy_set_tick_period_milliseconds", "tick",
                                   "proxy_on_tick", "tick", "proxy_on_tick", "request", "end"));
}

TEST_F(PluginTrials, RepeatedRequestsGoToOneVm) {
  options.repeat = 2;
  auto outcome =
      run(R"((global $n (mut i32) (i32.const 0)))" +
          callback("proxy_on_request_headers",
                   "(global.set $n (i32.add (global.get $n) (i32.const 1)))"
                   "(drop (call $respond (i32.add (global.get $n) (i32.const 400)) (i32.const 0) (i32.const 0) "
                   "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1))) (i32.const 1)"));
  ASSERT_TRUE(outcome.response);
  EXPECT_EQ(outcome.response->status, 402);
}

TEST_F(PluginTrials, WhatWasExpectedAndIsNotThereIsSaid) {
  options.response.headers.emplace_back("X-B", "c");
  auto outcome = run("");
  auto unmet = [&](std::string what, std::string value) {
    return why_not_met({std::move(what), std::move(value)}, outcome, *trace).value_or("met");
  };
  EXPECT_EQ(unmet("status", "200"), "met");
  EXPECT_EQ(unmet("status", "201"), "expected status=201, but it is 200");
  EXPECT_EQ(unmet("header", "x-b: c"), "met");
  EXPECT_EQ(unmet("header", "x-b"), "met");
  EXPECT_EQ(unmet("header", "x-b: d"), "expected header=x-b: d, but it is c");
  EXPECT_EQ(unmet("header", "x-c: d"), "expected header=x-c: d, but there is no x-c");
  EXPECT_EQ(unmet("no-header", "x-b"), "expected no-header=x-b, but it is there: c");
  EXPECT_EQ(unmet("body", "hello"), "met");
  EXPECT_EQ(unmet("log", "hello"), "expected log=hello, but no line of the log has it");
  EXPECT_EQ(unmet("upstream", "none"), "expected upstream=none, but it was asked");
  EXPECT_EQ(unmet("upstream-no-header", "x-a"), "met");
}

TEST(TraceText, ACallbackWithoutHostCallsIsOneLine) {
  using Kind = TraceEvent::Kind;
  TraceText text;
  TraceEvent entered{.kind = Kind::kEntered, .name = "proxy_on_log", .text = "context=2"};
  TraceEvent returned{.kind = Kind::kReturned, .name = ""};
  returned.times.guest = std::chrono::nanoseconds(1500);
  EXPECT_EQ(text.add(entered), "");
  EXPECT_EQ(text.add(returned), "  proxy_on_log(context=2)  1.5 us in the guest\n");
  TraceEvent called{
      .kind = Kind::kCalled, .name = "proxy_done", .text = "", .result = "0 ok", .given = "\"a\"", .times = {}};
  called.times.host = std::chrono::nanoseconds(300);
  text.add(entered);
  EXPECT_EQ(text.add(called), "  proxy_on_log(context=2)\n    proxy_done() = 0 ok -> \"a\"  0.3 us\n");
  returned.result = "1 pause";
  EXPECT_EQ(text.add(returned), "    = 1 pause  1.5 us in the guest, 0.0 us in the host\n");
}

}  // namespace
}  // namespace sallyport::app
