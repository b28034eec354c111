#include "plugins/wasm/abi/abi_fixture.h"

namespace sallyport::wasm::abi {
namespace {

using LogAndTime = AbiFixture;

TEST_F(LogAndTime, LinesCarryLevelAndPlugin) {
  const std::vector<std::string> levels{"debug", "debug", "info", "warn", "error", "error"};
  for (std::size_t level = 0; level < levels.size(); ++level) {
    PluginRun run(plugin(call_module("proxy_log", numbers(level, 100, 5), data(100, "hello"))));
    EXPECT_EQ(call(run).status(), Status::kOk);
    EXPECT_TRUE(log_.has(levels[level] + " plugin test: hello")) << level;
  }
}

TEST_F(LogAndTime, ALineCannotPretendToBeTwo) {
  PluginRun run(plugin(call_module("proxy_log", numbers(2, 100, 12), data(100, "one\r\ntwo\x1b[0m"))));
  call(run);
  EXPECT_TRUE(log_.has("info plugin test: one  two [0m"));
}

TEST_F(LogAndTime, AnUnknownLevelIsABadArgument) {
  PluginRun run(plugin(call_module("proxy_log", numbers(6, 100, 5), "")));
  EXPECT_EQ(call(run).status(), Status::kBadArgument);
}

TEST_F(LogAndTime, TheLevelIsTheLowestThatIsWritten) {
  const std::vector<std::pair<log::Level, LogLevel>> levels{{log::Level::kDebug, LogLevel::kTrace},
                                                            {log::Level::kInfo, LogLevel::kInfo},
                                                            {log::Level::kWarn, LogLevel::kWarn},
                                                            {log::Level::kError, LogLevel::kError}};
  for (auto [ours, theirs] : levels) {
    log::set_level(ours);
    PluginRun run(plugin(call_module("proxy_get_log_level", numbers(16), "")));
    EXPECT_EQ(static_cast<LogLevel>(call(run).number(16)), theirs);
  }
}

TEST_F(LogAndTime, TheTimeIsThatOfTheWallClock) {
  auto now = static_cast<std::uint64_t>(std::chrono::nanoseconds(clock_.wall().time_since_epoch()).count());
  PluginRun run(plugin(call_module("proxy_get_current_time_nanoseconds", numbers(16), "")));
  EXPECT_GE(call(run).long_number(16), now);
}

}  // namespace
}  // namespace sallyport::wasm::abi
