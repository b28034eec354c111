#include "plugins/wasm/plugin_log.h"

#include "plugins/wasm/wasm_fixture.h"

namespace sallyport::wasm {
namespace {

constexpr unsigned kLinesASecond = 1000;

struct PluginLogs : testing::Test {
  log::Capture capture;
  FakeClock clock;
};

TEST_F(PluginLogs, BeyondTheLinesOfASecondTheRestIsCounted) {
  PluginLog log("p", PluginLog::Mode::kWrite, clock, kLinesASecond);
  for (unsigned i = 0; i < kLinesASecond + 500; ++i) log.write(LogLevel::kInfo, "line");
  EXPECT_EQ(capture.lines().size(), kLinesASecond);
  clock.advance(std::chrono::seconds(1));
  log.write(LogLevel::kInfo, "next");
  ASSERT_EQ(capture.lines().size(), kLinesASecond + 2);
  EXPECT_TRUE(capture.has(
      "warn plugin p: 500 lines were left out, as it wrote more than its log_limit of 1000 within a second"));
  EXPECT_EQ(capture.lines().back(), "info plugin p: next");
}

TEST_F(PluginLogs, WhatTheGatewaySaysOnceIsNotLeftOut) {
  PluginLog log("p", PluginLog::Mode::kWrite, clock, 1);
  log.write(LogLevel::kInfo, "line");
  log.write(LogLevel::kInfo, "line");
  log.warn("its metrics are too many");
  EXPECT_EQ(capture.lines(),
            (std::vector<std::string>{"info plugin p: line", "warn plugin p: its metrics are too many"}));
}

TEST_F(PluginLogs, WhatWasLeftOutIsToldAtItsEnd) {
  {
    PluginLog log("p", PluginLog::Mode::kWrite, clock, kLinesASecond);
    for (unsigned i = 0; i < kLinesASecond + 1; ++i) log.write(LogLevel::kInfo, "line");
  }
  EXPECT_TRUE(capture.has("warn plugin p: 1 lines were left out"));
}

TEST_F(PluginLogs, LinesThatAreNotWrittenDoNotCount) {
  log::set_level(log::Level::kError);
  PluginLog log("p", PluginLog::Mode::kWrite, clock, kLinesASecond);
  for (unsigned i = 0; i < 2 * kLinesASecond; ++i) log.write(LogLevel::kDebug, "line");
  log.write(LogLevel::kError, "seen");
  EXPECT_EQ(capture.lines(), std::vector<std::string>{"error plugin p: seen"});
}

TEST_F(PluginLogs, TextInPiecesBecomesWholeLines) {
  PluginLog log("p", PluginLog::Mode::kWrite, clock, kLinesASecond);
  for (std::string_view piece : {"panic: ", "no such key", "\n\ngoroutine ", "1", "\n\t/main.go:", "51"}) {
    log.write_text(LogLevel::kError, piece);
  }
  log.end_line();
  log.end_line();
  EXPECT_EQ(capture.lines(),
            (std::vector<std::string>{"error plugin p: panic: no such key", "error plugin p: goroutine 1",
                                      "error plugin p: \t/main.go:51"}));
}

TEST_F(PluginLogs, OutputAndErrorDoNotShareALine) {
  PluginLog log("p", PluginLog::Mode::kWrite, clock, kLinesASecond);
  log.write_text(LogLevel::kInfo, "so far");
  log.write_text(LogLevel::kError, "no further\n");
  EXPECT_EQ(capture.lines(), (std::vector<std::string>{"info plugin p: so far", "error plugin p: no further"}));
}

TEST_F(PluginLogs, TextWithoutAnEndIsNotKept) {
  PluginLog log("p", PluginLog::Mode::kWrite, clock, kLinesASecond);
  for (int i = 0; i < 100; ++i) log.write_text(LogLevel::kInfo, std::string(1000, 'x'));
  EXPECT_EQ(capture.lines().size(), 11u);  // at most 8 KiB and one piece are gathered
}

}  // namespace
}  // namespace sallyport::wasm
