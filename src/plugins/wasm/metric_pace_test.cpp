#include "plugins/wasm/metric_pace.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

using Answer = MetricPace::Answer;

TEST(MetricPace, SoManyChangesGoInASecondOfEachLane) {
  FakeClock clock;
  MetricPace pace(2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.ask(0, 3, clock), Answer::kGoOn);
  EXPECT_EQ(pace.ask(0, 3, clock), Answer::kFirstTooMany);
  EXPECT_EQ(pace.ask(0, 3, clock), Answer::kTooMany);
  EXPECT_EQ(pace.ask(1, 3, clock), Answer::kGoOn);
  clock.advance(Milliseconds(999));
  EXPECT_EQ(pace.ask(0, 3, clock), Answer::kTooMany);
  clock.advance(Milliseconds(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pace.ask(0, 3, clock), Answer::kGoOn);
  EXPECT_EQ(pace.ask(0, 3, clock), Answer::kFirstTooMany);
  EXPECT_EQ(pace.dropped(), 4u);
}

TEST(MetricPace, NoneMayMeanNone) {
  FakeClock clock;
  MetricPace pace(1);
  EXPECT_EQ(pace.ask(0, 0, clock), Answer::kFirstTooMany);
  clock.advance(Milliseconds(5000));
  EXPECT_EQ(pace.ask(0, 0, clock), Answer::kTooMany);
}

}  // namespace
}  // namespace sallyport::wasm
