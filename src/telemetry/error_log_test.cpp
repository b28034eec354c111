#include "telemetry/error_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sallyport::telemetry {
namespace {

TEST(ErrorLog, ALineHasTimeLevelAndProcessAndIsOneLine) {
  std::string line;
  append_error_line(line, WallTime{}, log::Level::kWarn, "first\nsecond");
  EXPECT_THAT(line, testing::MatchesRegex("19[67][0-9]/[0-9]+/[0-9]+ [0-9:]+ \\[warn\\] [0-9]+: first\\\\x0Asecond\n"));
}

TEST(ErrorLog, TakesTheLinesOfTheLogFrontWhileItIsInstalled) {
  std::string path = std::filesystem::temp_directory_path() / "sallyport-error-XXXXXX";
  ::close(::mkstemp(path.data()));
  {
    auto file = LogFile::open(path).value();
    install_error_log(file.get());
    log::error("route {} is gone", "r1");
    install_error_log(nullptr);
  }
  std::string line;
  std::getline(std::ifstream(path), line);
  std::filesystem::remove(path);
  EXPECT_THAT(line, testing::HasSubstr("[error]"));
  EXPECT_THAT(line, testing::EndsWith(": route r1 is gone"));
}

}  // namespace
}  // namespace sallyport::telemetry
