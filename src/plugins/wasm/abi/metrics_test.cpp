#include "plugins/wasm/abi/abi_fixture.h"

namespace sallyport::wasm::abi {
namespace {

class MetricCalls : public AbiFixture {
 protected:
  GuestImage run(std::string_view function, std::string_view arguments, std::string_view segments = "") {
    PluginRun run(plugin(call_module(function, arguments, segments)));
    return call(run);
  }
  std::uint32_t define(std::uint32_t type, std::string_view name) {
    return run("proxy_define_metric", numbers(type, 100, name.size(), 16), data(100, name)).number(16);
  }
  static std::string with_value(std::uint32_t metric, std::int64_t value) {
    return numbers(metric) + "(i64.const " + std::to_string(value) + ")";
  }
  Status increment(std::uint32_t metric, std::int64_t by) {
    return run("proxy_increment_metric", with_value(metric, by)).status();
  }
  Status record(std::uint32_t metric, std::int64_t value) {
    return run("proxy_record_metric", with_value(metric, value)).status();
  }
  GuestImage get(std::uint32_t metric) { return run("proxy_get_metric", numbers(metric, 16)); }
};

TEST_F(MetricCalls, NumbersStayTheSameInEveryVm) {
  EXPECT_EQ(define(0, "hits"), 4u);
  EXPECT_EQ(define(1, "level"), 9u);
  EXPECT_EQ(define(2, "time"), 14u);
  EXPECT_EQ(define(0, "hits"), 4u);
}

TEST_F(MetricCalls, CountersCount) {
  std::uint32_t hits = define(0, "hits");
  EXPECT_EQ(increment(hits, 5), Status::kOk);
  EXPECT_EQ(record(hits, 2), Status::kOk);
  EXPECT_EQ(increment(hits, 0), Status::kBadArgument);
  EXPECT_EQ(increment(hits, -1), Status::kBadArgument);
  EXPECT_EQ(get(hits).long_number(16), 7u);
}

TEST_F(MetricCalls, GaugesMoveAndAreSet) {
  std::uint32_t level = define(1, "level");
  EXPECT_EQ(record(level, 5), Status::kOk);
  EXPECT_EQ(increment(level, -7), Status::kOk);
  EXPECT_EQ(get(level).long_number(16), static_cast<std::uint64_t>(-2));
}

TEST_F(MetricCalls, HistogramsOnlyRecord) {
  std::uint32_t time = define(2, "time");
  EXPECT_EQ(record(time, 5), Status::kOk);
  EXPECT_EQ(increment(time, 1), Status::kBadArgument);
  EXPECT_EQ(get(time).status(), Status::kBadArgument);
}

TEST_F(MetricCalls, UnknownTypesAndNumbersAreRefused) {
  EXPECT_EQ(run("proxy_define_metric", numbers(3, 65530, 100, 16)).status(), Status::kBadArgument);
  EXPECT_EQ(increment(4711, 1), Status::kNotFound);
  EXPECT_EQ(record(0, 1), Status::kNotFound);
  EXPECT_EQ(get(0xffff'0000).status(), Status::kNotFound);
}

TEST_F(MetricCalls, RangesOutsideOfMemoryAreRefused) {
  constexpr auto kRefused = Status::kInvalidMemoryAccess;
  EXPECT_EQ(run("proxy_define_metric", numbers(0, 65530, 100, 16)).status(), kRefused);
  EXPECT_EQ(run("proxy_define_metric", numbers(0, 100, 1, 65534)).status(), kRefused);
  EXPECT_EQ(run("proxy_get_metric", numbers(define(0, "hits"), 65530)).status(), kRefused);
}

TEST_F(MetricCalls, BeyondTheLimitCallsGoWellWithoutEffect) {
  runtime_->state().limit({.max_metrics = 1});
  define(0, "hits");
  std::uint32_t more = define(0, "more");
  EXPECT_NE(more, 0u);
  EXPECT_EQ(increment(more, 1), Status::kOk);
  EXPECT_EQ(get(more).status(), Status::kOk);
  EXPECT_TRUE(log_.has("a metric is not kept"));
}

TEST_F(MetricCalls, MoreChangesThanASecondMayHaveGoWellWithoutEffect) {
  std::uint32_t hits = define(0, "hits"), level = define(1, "level");
  vm_settings_.metric_limit = 0;
  EXPECT_EQ(increment(hits, 1), Status::kOk);
  EXPECT_EQ(record(level, 1), Status::kOk);
  EXPECT_EQ(get(hits).long_number(16), 0u);
  EXPECT_EQ(get(level).long_number(16), 0u);
  EXPECT_TRUE(log_.has("it changes metrics more than 0 times a second (metric_limit): the rest does not count"));
  EXPECT_EQ(runtime_->state().of("test").metric_pace.dropped(), 2u);
}

}  // namespace
}  // namespace sallyport::wasm::abi
