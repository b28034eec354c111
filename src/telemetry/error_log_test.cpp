#include "telemetry/error_log.h"

#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::telemetry {
namespace {

TEST(ErrorLog, ALineHasTimeLevelAndProcessAndIsOneLine) {
  std::string line;
  append_error_line(line, WallTime{}, log::Level::kWarn, "first\nsecond");
  EXPECT_THAT(line, testing::MatchesRegex("19[67][0-9]/[0-9]+/[0-9]+ [0-9:]+ \\[warn\\] [0-9]+: first\\\\x0Asecond\n"));
}

TEST(ErrorLog, TakesTheLinesOfTheLogFrontWhileItIsInstalled) {
  TemporaryFolder folder;
  {
    auto file = LogFile::open(folder.file("error.log")).value();
    install_error_log(file.get());
    log::error("route {} is gone", "r1");
    install_error_log(nullptr);
  }
  const std::string line = folder.read("error.log");
  EXPECT_THAT(line, testing::HasSubstr("[error]"));
  EXPECT_THAT(line, testing::EndsWith(": route r1 is gone\n"));
}

}  // namespace
}  // namespace sallyport::telemetry
