// A trap or an endless loop in each callback while another exchange is paused in the same Vm: that one ends by its
// policy, and the next one is served.

#include "async/manual_reactor_fixture.h"
#include "plugins/wasm/scripted_http_client_fixture.h"
#include "plugins/wasm/trap_text_fixture.h"
#include "plugins/wasm/wasm_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::wasm {
namespace {

using namespace std::chrono_literals;
using chain::Phase;
using testing::HasSubstr;

struct Shape {
  std::string_view name;  // without proxy_on_
  std::string_view params;
  std::string_view result;  // a Wasm expression, or empty
};
constexpr Shape kStream[] = {{"request_body", "i32 i32 i32", "0"},
                             {"request_trailers", "i32 i32", "0"},
                             {"response_headers", "i32 i32 i32", "0"},
                             {"response_body", "i32 i32 i32", "0"},
                             {"response_trailers", "i32 i32", "0"},
                             {"done", "i32", "1"},
                             {"log", "i32", ""},
                             {"delete", "i32", ""}};
constexpr Shape kRoot[] = {{"vm_start", "i32 i32", "1"},
                           {"configure", "i32 i32", "1"},
                           {"queue_ready", "i32 i32", ""},
                           {"tick", "i32", ""},
                           {"http_call_response", "i32 i32 i32 i32 i32", ""},
                           {"grpc_receive_initial_metadata", "i32 i32 i32", ""},
                           {"grpc_receive", "i32 i32 i32", ""},
                           {"grpc_receive_trailing_metadata", "i32 i32 i32", ""},
                           {"grpc_close", "i32 i32 i32", ""}};

// A call of HTTP and a gRPC stream, which are under way as long as the conf.
constexpr std::string_view kCalls = R"(
  (data (i32.const 200) "auth")
  (data (i32.const 210) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00")
  (data (i32.const 238) ":method\00GET\00:path\00/\00:authority\00a\00")
  (func $calls
    (drop (call $ask (i32.const 200) (i32.const 4) (i32.const 210) (i32.const 61) (i32.const 0) (i32.const 0)
                     (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 16)))
    (drop (call $stream (i32.const 200) (i32.const 4) (i32.const 200) (i32.const 4) (i32.const 200) (i32.const 4)
                        (i32.const 0) (i32.const 0) (i32.const 16)))))";

struct Harm {
  std::string_view code;
  std::string_view what;    // in the log
  std::string_view reason;  // in the metric
};
constexpr Harm kTrap{"unreachable", "unreachable (a panic or abort)", "unreachable"};
constexpr Harm kHarms[] = {kTrap, {"(loop $again (br $again))", "CPU budget of 20 ms used up", "time"}};

// Requests with four headers arm the harm, those with three are paused, the others go through.
std::string harmful_in(std::string_view callback, const Harm& harm = kTrap) {
  std::string text = R"((global $armed (mut i32) (i32.const 0)) (data (i32.const 100) "q")
    (func $trap (if (global.get $armed) (then )" +
                     std::string(harm.code) + R"()))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eq (local.get 1) (i32.const 3)) (then (return (i32.const 1))))
      (if (i32.eq (local.get 1) (i32.const 4)) (then (global.set $armed (i32.const 1))))
      )";
  if (callback == "request_headers") text += "(call $trap)";
  text += "(i32.const 0))";
  auto add = [&](const Shape& shape) {
    text += "(func (export \"proxy_on_" + std::string(shape.name) + "\") (param " + std::string(shape.params) + ")";
    if (!shape.result.empty()) text += "(result i32)";
    if (shape.name == callback) text += "(call $trap)";
    if (shape.name == "configure") {
      text +=
          "(drop (call $register (i32.const 100) (i32.const 1) (i32.const 16))) (drop (call $every (i32.const 10)))"
          "(call $calls)";
    }
    if (!shape.result.empty()) text += "(i32.const " + std::string(shape.result) + ")";
    text += ")";
  };
  for (const Shape& shape : kStream) add(shape);
  for (const Shape& shape : kRoot) add(shape);
  text += "(func (export \"proxy_on_context_create\") (param i32 i32)";
  if (callback == "context_create") text += "(call $trap)";
  text += ")(func (export \"proxy_validate_configuration\") (param i32 i32) (result i32)";
  if (callback == "validate_configuration") text += "(call $trap)";
  return wat(R"((import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
                (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
                (import "env" "proxy_http_call"
                  (func $ask (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
                (import "env" "proxy_grpc_stream"
                  (func $stream (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))",
             text + "(i32.const 1))" + std::string(kCalls));
}

class TrapEverywhere : public WasmFixture {
 protected:
  TrapEverywhere() {
    policy_.limits.cpu_budget = 20ms;
    Threads threads;
    threads.workers.emplace_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.timers.push_back(timers_of(loop_));
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), time_, tested_engine());
  }
  ~TrapEverywhere() override {
    plugins_.clear();
    run_messages();
  }

  static bool exchange(const std::shared_ptr<const WasmPlugin>& of, int headers) {
    PluginRun run(of);
    for (int i = 3; i < headers; ++i) run.header("x", "y");
    return run.goes_through();
  }
  // Makes the armed harm happen.
  void provoke(std::string_view callback, const Harm& harm, const std::shared_ptr<const WasmPlugin>& of,
               const std::shared_ptr<const Module>& module) {
    if (callback == "tick") {
      time_.advance(10ms);
      loop_.advance(10ms);
    } else if (callback == "queue_ready") {
      runtime_->state().queues().enqueue(*runtime_->state().queues().open("test", "q"), "x");
    } else if (callback == "vm_start" || callback == "validate_configuration" || callback == "configure") {
      auto other = try_module(module, "another conf", policy_);  // of which its trial knew nothing bad
      ASSERT_FALSE(other);
      EXPECT_NE(other.error().what.find(" trapped: " + std::string(harm.what)), std::string::npos)
          << other.error().what;
    } else if (callback == "http_call_response") {
      client_.answer(client_.flights.size() - 1, 200);
    } else if (callback.starts_with("grpc_")) {
      provoke_grpc(callback, client_.flows.size() - 1);
    } else if (callback == "context_create") {
      exchange(of, 5);
    }
    run_messages();
  }

  void provoke_grpc(std::string_view callback, std::size_t stream) {
    if (callback == "grpc_receive_initial_metadata") client_.tell_initial(stream);
    if (callback == "grpc_receive") client_.tell_message(stream, "message");
    if (callback == "grpc_receive_trailing_metadata") client_.tell_trailing(stream);
    if (callback == "grpc_close") client_.tell_end(stream);
  }

  static std::string name_of(std::string_view callback) {
    return (callback == "validate_configuration" ? "proxy_" : "proxy_on_") + std::string(callback);
  }
  static std::string told(std::string_view callback, const Harm& harm) {
    return "plugin test: " + name_of(callback) + " trapped: " + std::string(harm.what) + in_function("trap");
  }
  static std::string counted(std::string_view callback, const Harm& harm) {
    return "callback=\"" + name_of(callback) + "\",reason=\"" + std::string(harm.reason) + "\"} ";
  }
  std::string tally() {
    std::string text;
    runtime_->state().tally().append_to(text);
    return text;
  }

  void end_a_paused_exchange(std::string_view callback, const Harm& harm, OnFailure on_failure) {
    SCOPED_TRACE(std::string(callback) + " " + std::string(harm.reason));
    policy_.on_failure = on_failure;
    auto module = *runtime_->load_now(write_file("trap.wat", harmful_in(callback, harm)));
    auto made = *try_module(module, "conf", policy_);
    PluginRun paused(made);
    Running waits(paused.run->run(Phase::kAccess));
    ASSERT_FALSE(waits.is_done());
    exchange(made, 4);
    provoke(callback, harm, made, module);
    ASSERT_TRUE(waits.is_done());
    EXPECT_EQ(waits.result().proceeds(), on_failure == OnFailure::kPass);
    if (const Error* error = waits.result().error()) {
      EXPECT_THAT(error->what, HasSubstr(told(callback, harm)));
    }
    EXPECT_TRUE(exchange(made, 5));
    plugins_.clear();
    EXPECT_THAT(tally(), HasSubstr(counted(callback, harm)));
  }

  FakeClock time_;
  async::ManualReactor loop_;
  ScriptedHttpClient client_;
  PluginPolicy policy_;
};

constexpr std::string_view kCallbacks[] = {"context_create",
                                           "vm_start",
                                           "validate_configuration",
                                           "configure",
                                           "request_headers",
                                           "request_body",
                                           "request_trailers",
                                           "response_headers",
                                           "response_body",
                                           "response_trailers",
                                           "done",
                                           "log",
                                           "delete",
                                           "tick",
                                           "queue_ready",
                                           "http_call_response",
                                           "grpc_receive_initial_metadata",
                                           "grpc_receive",
                                           "grpc_receive_trailing_metadata",
                                           "grpc_close"};

TEST_F(TrapEverywhere, EndsAPausedExchangeByItsPolicyAndServesTheNext) {
  for (const Harm& harm : kHarms) {
    for (OnFailure on_failure : {OnFailure::kRefuse, OnFailure::kPass}) {
      for (std::string_view callback : kCallbacks) end_a_paused_exchange(callback, harm, on_failure);
    }
  }
}

// Of two confs with one Vm the second goes: its root is asked and deleted.
std::string harmful_at_the_end(std::string_view callback, const Harm& harm) {
  std::string text = R"((global $root (mut i32) (i32.const 0))
    (func (export "proxy_on_context_create") (param $context i32) (param $parent i32)
      (if (i32.eqz (local.get $parent)) (then (global.set $root (local.get $context)))))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.eq (local.get 1) (i32.const 3)))
    (func $trap )" + std::string(harm.code) +
                     R"()
    (func (export "proxy_on_)" +
                     std::string(callback) + R"(") (param $context i32))";
  if (callback == "done") text += "(result i32)";
  text += "(if (i32.eq (local.get $context) (global.get $root)) (then (call $trap)))";
  return wat("", text + (callback == "done" ? "(i32.const 1))" : ")"));
}

TEST_F(TrapEverywhere, AtTheEndOfAConfEndsWhatIsPausedInTheSameVm) {
  for (const Harm& harm : kHarms) {
    for (std::string_view callback : {"done", "delete"}) {
      auto module = *runtime_->load_now(write_file("trap.wat", harmful_at_the_end(callback, harm)));
      auto stays = *try_module(module, "stays", policy_);
      PluginRun paused(stays);
      Running waits(paused.run->run(Phase::kAccess));
      ASSERT_TRUE(try_module(module, "goes", policy_));
      ASSERT_FALSE(waits.is_done());
      plugins_.pop_back();
      run_messages();
      ASSERT_TRUE(waits.is_done());
      ASSERT_NE(waits.result().error(), nullptr);
      EXPECT_THAT(waits.result().error()->what, HasSubstr(told(callback, harm)));
      EXPECT_TRUE(exchange(stays, 4));
      EXPECT_THAT(tally(), HasSubstr(counted(callback, harm)));
      plugins_.clear();
    }
  }
}

class Reloading : public TrapEverywhere {
 protected:
  Reloading() { vm_settings_.restart = Restart::kAfterInterval; }
};

TEST_F(Reloading, WaitsForASecondAfterTheLastStart) {
  auto made = plugin(harmful_in("request_headers"));
  time_.advance(1h);
  EXPECT_FALSE(exchange(made, 4));
  EXPECT_TRUE(exchange(made, 5));  // the last start was long ago
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(exchange(made, 4));
    log_.take();
    EXPECT_FALSE(exchange(made, 5));
    EXPECT_FALSE(exchange(made, 5));
    time_.advance(999ms);
    EXPECT_FALSE(exchange(made, 5));
    time_.advance(501ms);
    EXPECT_TRUE(exchange(made, 5));
  }
  const std::string text = tally();
  EXPECT_THAT(text, HasSubstr("sallyport_wasm_vm_restarts_total{plugin=\"test\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_wasm_vms{plugin=\"test\"} 1\n"));
}

TEST_F(Reloading, SaysOnceThatItWaits) {
  auto made = plugin(harmful_in("request_headers"));
  EXPECT_FALSE(exchange(made, 4));
  for (int i = 0; i < 10; ++i) exchange(made, 5);
  std::size_t told = 0;
  for (const std::string& line : log_.lines()) told += line.find("started again in 1") != std::string::npos;
  EXPECT_EQ(told, 1u);
}

}  // namespace
}  // namespace sallyport::wasm
