#include "plugins/wasm/plugin_log.h"

#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

struct PluginLogs : testing::Test {
  log::Capture capture;
  FakeClock clock;
};

TEST_F(PluginLogs, BeyondTheLinesOfASecondTheRestIsCounted) {
  PluginLog log("p", PluginLog::Mode::kWrite, clock);
  for (unsigned i = 0; i < PluginLog::kLinesASecond + 500; ++i) log.write(LogLevel::kInfo, "line");
  EXPECT_EQ(capture.lines().size(), PluginLog::kLinesASecond);
  clock.advance(std::chrono::seconds(1));
  log.write(LogLevel::kInfo, "next");
  ASSERT_EQ(capture.lines().size(), PluginLog::kLinesASecond + 2);
  EXPECT_TRUE(capture.has("warn plugin p: 500 lines were left out, as it wrote more than 1000 within a second"));
  EXPECT_EQ(capture.lines().back(), "info plugin p: next");
}

TEST_F(PluginLogs, WhatWasLeftOutIsToldAtItsEnd) {
  {
    PluginLog log("p", PluginLog::Mode::kWrite, clock);
    for (unsigned i = 0; i < PluginLog::kLinesASecond + 1; ++i) log.write(LogLevel::kInfo, "line");
  }
  EXPECT_TRUE(capture.has("warn plugin p: 1 lines were left out"));
}

TEST_F(PluginLogs, LinesThatAreNotWrittenDoNotCount) {
  log::set_level(log::Level::kError);
  PluginLog log("p", PluginLog::Mode::kWrite, clock);
  for (unsigned i = 0; i < 2 * PluginLog::kLinesASecond; ++i) log.write(LogLevel::kDebug, "line");
  log.write(LogLevel::kError, "seen");
  EXPECT_EQ(capture.lines(), std::vector<std::string>{"error plugin p: seen"});
}

}  // namespace
}  // namespace sallyport::wasm
