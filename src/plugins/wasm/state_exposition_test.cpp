#include "plugins/wasm/state_exposition.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

TEST(StateExposition, NoPluginsNoText) {
  SystemClock clock;
  EXPECT_EQ(expose(SharedState(clock, {}, 1)), "");
}

TEST(StateExposition, TellsTheUseOfSharedDataByPlugin) {
  SystemClock clock;
  SharedState state(clock, {.data = {.max_keys = 1}}, 1);
  state.of("a").data.set("key", "value", 0);
  state.of("a").data.set("key2", "value", 0);
  state.of("b \"quoted\"\\\n");
  std::string text = expose(state);
  EXPECT_NE(text.find("# TYPE sallyport_wasm_shared_data_bytes gauge\n"
                      "sallyport_wasm_shared_data_bytes{plugin=\"a\"} 9\n"
                      "sallyport_wasm_shared_data_bytes{plugin=\"b \\\"quoted\\\"\\\\%0a\"} 0\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("sallyport_wasm_shared_data_keys{plugin=\"a\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("sallyport_wasm_shared_data_evictions_total{plugin=\"a\"} 1\n"), std::string::npos);
}

TEST(StateExposition, TellsTheUseOfQueuesByPlugin) {
  SystemClock clock;
  SharedState state(clock, {.queues = {.max_items = 1}}, 1);
  auto queue = state.queues().open("a", "q");
  state.queues().enqueue(*queue, "12345");
  state.queues().enqueue(*queue, "12345");
  std::string text = expose(state);
  EXPECT_NE(text.find("sallyport_wasm_shared_queue_messages{plugin=\"a\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("sallyport_wasm_shared_queue_bytes{plugin=\"a\"} 5\n"), std::string::npos);
  EXPECT_NE(text.find("sallyport_wasm_shared_queue_refusals_total{plugin=\"a\"} 1\n"), std::string::npos);
}

TEST(StateExposition, TellsHowHttpCallsEndedByPlugin) {
  SystemClock clock;
  SharedState state(clock, {}, 1);
  CallCounts& calls = state.of("a").calls;
  calls.begun();
  calls.count(CallOutcome::kTimeout);
  calls.count(CallOutcome::kTimeout);
  calls.count(CallOutcome::kRefused);
  std::string text = expose(state);
  EXPECT_NE(text.find("# TYPE sallyport_wasm_http_calls_total counter\n"
                      "sallyport_wasm_http_calls_total{plugin=\"a\",outcome=\"timeout\"} 2\n"
                      "sallyport_wasm_http_calls_total{plugin=\"a\",outcome=\"refused\"} 1\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("sallyport_wasm_http_calls_active{plugin=\"a\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::wasm
