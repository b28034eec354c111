#include "proxy/failure_log.h"

#include "base/log_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::proxy {
namespace {

using log::Level;
using testing::ElementsAre;
using testing::IsEmpty;

const SteadyTime kStart = SteadyTime() + std::chrono::hours(1);

TEST(FailureLog, WritesTheFirstLineAtOnceThenOneASecondWithTheNumberLeftOut) {
  log::Capture captured;
  FailureLog failures;
  failures.write(Level::kWarn, "upstream a: down", kStart);
  EXPECT_THAT(captured.take(), ElementsAre("warn upstream a: down"));
  for (int ms : {0, 500, 999}) failures.write(Level::kWarn, "upstream a: down", kStart + Milliseconds(ms));
  EXPECT_THAT(captured.take(), IsEmpty());
  failures.write(Level::kWarn, "upstream a: down", kStart + Milliseconds(1000));
  EXPECT_THAT(captured.take(), ElementsAre("warn upstream a: down; 3 more like it were left out"));
  failures.write(Level::kWarn, "upstream a: down", kStart + Milliseconds(2000));
  EXPECT_THAT(captured.take(), ElementsAre("warn upstream a: down"));
}

TEST(FailureLog, LinesAndLevelsHaveTheirTurnsApart) {
  log::Capture captured;
  FailureLog failures;
  for (Level level : {Level::kInfo, Level::kWarn}) {
    for (const char* line : {"a", "b"}) failures.write(level, line, kStart);
  }
  EXPECT_THAT(captured.take(), ElementsAre("info a", "info b", "warn a", "warn b"));
  log::set_level(Level::kWarn);
  failures.write(Level::kInfo, "c", kStart);
  log::set_level(Level::kInfo);
  failures.write(Level::kInfo, "c", kStart);
  EXPECT_THAT(captured.take(), ElementsAre("info c")) << "what nobody would have read took no turn";
}

TEST(FailureLog, ForgetsLinesBeforeTheyBecomeTooMany) {
  log::Capture captured;
  FailureLog failures;
  for (int i = 0; i <= 1000; ++i) failures.write(Level::kWarn, std::to_string(i), kStart);
  captured.take();
  failures.write(Level::kWarn, "0", kStart);
  EXPECT_THAT(captured.take(), ElementsAre("warn 0"));
}

}  // namespace
}  // namespace sallyport::proxy
