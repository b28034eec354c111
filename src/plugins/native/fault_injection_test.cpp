#include "plugins/native/plugin_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::plugins::native {
namespace {

// Sleeps until told to wake.
class ManualWaiter final : public exchange::Waiter {
 public:
  async::Task<void> sleep(Milliseconds duration) override {
    asked = duration;
    co_await wake;
  }
  Milliseconds asked{0};
  async::Event wake;
};

TEST(FaultInjection, AnAbortAnswersWithItsBodyAndHeaders) {
  PluginFixture f(R"({"fault-injection":{"abort":{"http_status":403,"body":"no, $arg_name\n",
                      "headers":{"X-Who":"$arg_name","X-Number":7}}}})",
                  "/?name=ja%0Ack");
  Verdict verdict = f.run(Phase::kRewrite);
  ASSERT_TRUE(verdict.response());
  EXPECT_EQ(verdict.response()->status, 403);
  EXPECT_EQ(verdict.response()->body, "no, ja\nck\n");
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(verdict.response()->headers, testing::ElementsAre(Pair("Content-Type", "text/plain; charset=utf-8"),
                                                                Pair("X-Who", "ja%0Ack"), Pair("X-Number", "7")));
  EXPECT_EQ(f.exchange.reason, "plugin:fault-injection");
}

TEST(FaultInjection, AContentTypeOfItsOwnReplacesTheDefault) {
  PluginFixture f(R"({"fault-injection":{"abort":{"http_status":200,"headers":{"content-type":"a/b"}}}})");
  Verdict verdict = f.run(Phase::kRewrite);
  ASSERT_EQ(verdict.response()->headers.size(), 1u);
  EXPECT_EQ(verdict.response()->headers[0].second, "a/b");
  EXPECT_EQ(verdict.response()->body, "");
}

TEST(FaultInjection, ThePercentageDecides) {
  PluginFixture never(R"({"fault-injection":{"abort":{"http_status":500,"percentage":0}}})");
  PluginFixture always(R"({"fault-injection":{"abort":{"http_status":500,"percentage":100}}})");
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(never.run(Phase::kRewrite).proceeds());
    EXPECT_FALSE(always.run(Phase::kRewrite).proceeds());
  }
}

TEST(FaultInjection, AnyOfItsExpressionsSelects) {
  std::string_view conf = R"({"fault-injection":{"abort":{"http_status":500,
      "vars":[[["arg_a","==","1"],["arg_b","==","2"]],[["arg_c","==","3"]]]}}})";
  EXPECT_TRUE(PluginFixture(conf, "/?a=1").run(Phase::kRewrite).proceeds());
  EXPECT_FALSE(PluginFixture(conf, "/?a=1&b=2").run(Phase::kRewrite).proceeds());
  EXPECT_FALSE(PluginFixture(conf, "/?c=3").run(Phase::kRewrite).proceeds());
  EXPECT_TRUE(
      PluginFixture(R"({"fault-injection":{"abort":{"http_status":500,"vars":[]}}})").run(Phase::kRewrite).proceeds());
}

TEST(FaultInjection, ADelayWaitsThenTheAbortAnswers) {
  PluginFixture f(R"({"fault-injection":{"delay":{"duration":1.5},"abort":{"http_status":503}}})");
  ManualWaiter waiter;
  f.exchange.waiter = &waiter;
  chain::Running<Verdict> running(f.at_work.run(Phase::kRewrite));
  EXPECT_FALSE(running.is_done());
  EXPECT_EQ(waiter.asked, Milliseconds(1500));
  waiter.wake.set();
  ASSERT_TRUE(running.is_done());
  EXPECT_EQ(running.result().response()->status, 503);
}

TEST(FaultInjection, ConfsThatMakeNoFaultAreRefused) {
  EXPECT_THAT(refusal("fault-injection", "{}"), testing::HasSubstr("expect object to have at least 1 properties"));
  EXPECT_THAT(refusal("fault-injection", R"({"abort":{"http_status":100}})"), testing::HasSubstr("validation failed"));
  EXPECT_THAT(refusal("fault-injection", R"({"delay":{}})"), testing::HasSubstr("\"duration\" is required"));
  EXPECT_THAT(refusal("fault-injection", R"({"delay":{"duration":1,"vars":[["a","!=","b"]]}})"),
              testing::HasSubstr("rule should be wrapped inside brackets"));
  EXPECT_THAT(refusal("fault-injection", R"({"abort":{"http_status":700}})"), testing::HasSubstr("over 599"));
  EXPECT_THAT(refusal("fault-injection", R"({"abort":{"http_status":200,"headers":{"a b":"c"}}})"),
              testing::HasSubstr("cannot name a header"));
}

}  // namespace
}  // namespace sallyport::plugins::native
