#include "plugins/wasm/abi/abi_fixture.h"
#include "plugins/wasm/plugin_metrics.h"

#include <algorithm>
#include <iterator>

namespace sallyport::wasm::abi {
namespace {

// What shows the answer is allowed, the call itself is not.
class DeniedCalls : public AbiFixture {
 protected:
  DeniedCalls() { vm_settings_.capabilities = {"proxy_set_property"}; }
};

TEST_F(DeniedCalls, AnswerWhatNoSdkStopsAt) {
  // Of the codes that the Rust SDK takes without a panic.
  const std::pair<std::string_view, Status> expected[] = {
      {"proxy_log", Status::kOk},
      {"proxy_get_log_level", Status::kOk},
      {"proxy_get_current_time_nanoseconds", Status::kOk},
      {"proxy_set_tick_period_milliseconds", Status::kOk},
      {"proxy_get_configuration", Status::kOk},
      {"proxy_get_status", Status::kOk},
      {"proxy_get_property", Status::kInternalFailure},
      {"proxy_continue_request", Status::kOk},
      {"proxy_continue_response", Status::kOk},
      {"proxy_clear_route_cache", Status::kOk},
      {"proxy_continue_stream", Status::kOk},
      {"proxy_close_stream", Status::kOk},
      {"proxy_send_local_response", Status::kOk},
      {"proxy_get_header_map_size", Status::kOk},
      {"proxy_get_header_map_pairs", Status::kOk},
      {"proxy_set_header_map_pairs", Status::kOk},
      {"proxy_get_header_map_value", Status::kNotFound},
      {"proxy_add_header_map_value", Status::kOk},
      {"proxy_replace_header_map_value", Status::kOk},
      {"proxy_remove_header_map_value", Status::kOk},
      {"proxy_get_buffer_bytes", Status::kNotFound},
      {"proxy_get_buffer_status", Status::kNotFound},
      {"proxy_set_buffer_bytes", Status::kOk},
      {"proxy_http_call", Status::kInternalFailure},
      {"proxy_grpc_call", Status::kInternalFailure},
      {"proxy_grpc_stream", Status::kInternalFailure},
      {"proxy_grpc_send", Status::kNotFound},
      {"proxy_grpc_cancel", Status::kNotFound},
      {"proxy_grpc_close", Status::kNotFound},
      {"proxy_get_shared_data", Status::kNotFound},
      {"proxy_set_shared_data", Status::kOk},
      {"proxy_register_shared_queue", Status::kOk},
      {"proxy_resolve_shared_queue", Status::kNotFound},
      {"proxy_enqueue_shared_queue", Status::kNotFound},
      {"proxy_dequeue_shared_queue", Status::kEmpty},
      {"proxy_define_metric", Status::kOk},
      {"proxy_increment_metric", Status::kNotFound},
      {"proxy_record_metric", Status::kNotFound},
      {"proxy_get_metric", Status::kNotFound},
      {"proxy_set_effective_context", Status::kBadArgument},
      {"proxy_done", Status::kOk},
      {"proxy_call_foreign_function", Status::kInternalFailure},
      {"proxy_redis_init", Status::kInternalFailure},
      {"proxy_redis_call", Status::kInternalFailure},
      {"proxy_get_upstream_hosts", Status::kInternalFailure},
      {"proxy_set_upstream_override_host", Status::kInternalFailure},
      {"proxy_inject_encoded_data_to_filter_chain", Status::kInternalFailure},
  };
  for (auto [function, status] : expected) {
    std::string arguments;
    for (ValueType type : find_host_function("env", function)->signature.params) {
      arguments += type == ValueType::kI64 ? "(i64.const 100)" : "(i32.const 100)";
    }
    PluginRun run(plugin(call_module(function, arguments, "")));
    EXPECT_EQ(call(run).status(), status) << function;
  }
  auto is_of_abi = [](const Import& import) { return import.name.starts_with("proxy_"); };
  const auto calls = std::ranges::count_if(host_functions(), is_of_abi);
  EXPECT_EQ(calls, std::ssize(expected) + 1) << "proxy_set_property is the one that shows the answers";
}

// The table of answers knows every call but those of WASI.
TEST_F(DeniedCalls, EveryCallHasItsAnswer) {
  for (const Import& import : host_functions()) {
    if (is_always_allowed(import.name) || import.name == "proxy_set_property") continue;
    SCOPED_TRACE(import.name);
    std::string arguments;
    for (ValueType type : import.signature.params) {
      arguments += type == ValueType::kI64 ? "(i64.const 100)" : "(i32.const 100)";
    }
    PluginRun run(plugin(call_module(import.name, arguments, "", {.module = import.module})));
    GuestImage image = call(run);
    if (import.module == "env")
      EXPECT_LE(image.number(0), 10u);
    else
      EXPECT_EQ(image.number(0), 76u);
  }
}

TEST_F(DeniedCalls, LeaveNothingUnsetThatAnOkPromises) {
  std::string ones = data(16, std::string(16, '\xff'));
  PluginRun pairs(plugin(call_module("proxy_get_header_map_pairs", numbers(0, 16, 20), ones)));
  EXPECT_EQ(call(pairs).long_number(16), 0u);
  PluginRun clock(plugin(call_module("proxy_get_current_time_nanoseconds", numbers(16), ones)));
  EXPECT_EQ(call(clock).long_number(16), 0u);
  PluginRun level(plugin(call_module("proxy_get_log_level", numbers(16), ones)));
  EXPECT_EQ(call(level).number(16), 5u);
  PluginRun metric(plugin(call_module("proxy_define_metric", numbers(1, 100, 4, 16), ones)));
  EXPECT_EQ(call(metric).number(16), PluginMetrics::overflow_of(MetricType::kGauge));
  PluginRun outside(plugin(call_module("proxy_get_log_level", numbers(65533), "")));
  EXPECT_EQ(call(outside).status(), Status::kInvalidMemoryAccess);
}

TEST_F(DeniedCalls, HaveNoEffect) {
  PluginRun added(plugin(call_module("proxy_add_header_map_value", numbers(0, 100, 3, 103, 1), data(100, "x-av"))));
  call(added);
  EXPECT_EQ(added.exchange.request.headers.get("x-a"), std::nullopt);
  PluginRun logged(plugin(call_module("proxy_log", numbers(2, 100, 6), data(100, "secret"))));
  call(logged);
  EXPECT_FALSE(log_.has("plugin test: secret"));
}

TEST_F(DeniedCalls, AreToldOnceForEachFunction) {
  auto made = plugin(call_module("proxy_get_buffer_bytes", numbers(0, 0, 9, 16, 20), ""));
  for (int i = 0; i < 3; ++i) {
    PluginRun run(made);
    call(run);
  }
  std::size_t told = 0;
  for (const std::string& line : log_.lines())
    told += line.find("it called proxy_get_buffer_bytes") != std::string::npos;
  EXPECT_EQ(told, 1u);
  EXPECT_TRUE(
      log_.has("warn plugin test: it called proxy_get_buffer_bytes, which its capabilities do not name, and gets "
               "1; add it to them if it shall have it"));
}

TEST_F(DeniedCalls, AreThoseThatTheListDoesNotName) {
  vm_settings_.capabilities = {"proxy_log", "proxy_set_property"};
  PluginRun run(plugin(call_module("proxy_log", numbers(2, 100, 5), data(100, "hello"))));
  call(run);
  EXPECT_TRUE(log_.has("info plugin test: hello"));
}

TEST_F(DeniedCalls, EndingIsAlwaysAllowed) {
  PluginRun run(plugin(wat(R"((import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))))",
                           R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $exit (i32.const 3)) unreachable))")));
  chain::Verdict verdict = run.request();
  ASSERT_NE(verdict.error(), nullptr);
  EXPECT_NE(verdict.error()->what.find("the plugin called exit(3)"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::wasm::abi
