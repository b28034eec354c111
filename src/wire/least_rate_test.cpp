#include "wire/least_rate.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr LeastRate kRate{.bytes_per_second = 100, .grace = milliseconds(5'000)};

TEST(LeastRate, CountsFromTheEndOfTheGrace) {
  EXPECT_FALSE(falls_behind(kRate, seconds(5), 0));
  EXPECT_TRUE(falls_behind(kRate, milliseconds(5'020), 1));
  EXPECT_FALSE(falls_behind(kRate, milliseconds(5'020), 2));
  EXPECT_TRUE(falls_behind(kRate, seconds(15), 999));
  EXPECT_FALSE(falls_behind(kRate, seconds(15), 1'000));
}

TEST(LeastRate, OfZeroAsksForNothing) {
  EXPECT_FALSE(falls_behind({.bytes_per_second = 0, .grace = milliseconds(0)}, seconds(100'000), 0));
}

TEST(LeastRate, ManyYearsAreNoProblem) {
  EXPECT_TRUE(falls_behind(kRate, std::chrono::hours(24 * 365 * 100), 1));
  EXPECT_FALSE(falls_behind(kRate, std::chrono::hours(24 * 365 * 100), UINT64_MAX));
}

}  // namespace
}  // namespace sallyport::wire
