#include "exchange/time_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace sallyport::exchange {
namespace {

TEST(TimeText, TheOffsetOfTheZoneIsWritten) {
  setenv("TZ", "XXX-05:30", 1);
  tzset();
  WallTime time{std::chrono::seconds(1'000'000'000)};
  EXPECT_EQ(local_time_text(time), "09/Sep/2001:07:16:40 +0530");
  EXPECT_EQ(iso8601_time_text(time), "2001-09-09T07:16:40+05:30");
  setenv("TZ", "XXX+03:00", 1);
  tzset();
  EXPECT_EQ(local_time_text(time + std::chrono::seconds(1)), "08/Sep/2001:22:46:41 -0300");
  setenv("TZ", "UTC", 1);
  tzset();
}

TEST(TimeText, DurationsHaveThreeDigits) {
  char room[32];
  EXPECT_EQ(seconds_text(std::chrono::microseconds(999), room), "0.000");
  EXPECT_EQ(seconds_text(std::chrono::milliseconds(61'005), room), "61.005");
}

}  // namespace
}  // namespace sallyport::exchange
