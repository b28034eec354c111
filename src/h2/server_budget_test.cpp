#include "h2/server_budget.h"

#include <gtest/gtest.h>

namespace sallyport::h2 {
namespace {

constexpr SteadyTime kStart{};

nghttp2_frame_hd frame(std::uint8_t type, std::size_t length = 8, std::uint8_t flags = 0) {
  return {length, 1, type, flags, 0};
}

TEST(ServerBudget, AllowsSoManyAtOnceAndMoreWithTime) {
  Bucket bucket({3, 2}, kStart);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(kStart));
  EXPECT_FALSE(bucket.take(kStart));
  EXPECT_TRUE(bucket.take(kStart + Milliseconds(500)));
  EXPECT_FALSE(bucket.take(kStart + Milliseconds(500)));
}

TEST(ServerBudget, NeverHoldsMoreThanAtOnce) {
  Bucket bucket({2, 100}, kStart);
  bucket.earn(50);
  EXPECT_TRUE(bucket.take(kStart + Milliseconds(60'000)));
  EXPECT_TRUE(bucket.take(kStart + Milliseconds(60'000)));
  EXPECT_FALSE(bucket.take(kStart + Milliseconds(60'000)));
}

TEST(ServerBudget, CountsFramesThatBringNothingOn) {
  ServerLimits limits;
  limits.idle_frames = {2, 1};
  ServerBudget budget(limits, kStart);
  EXPECT_TRUE(budget.frame_begins(frame(NGHTTP2_HEADERS), kStart));
  EXPECT_TRUE(budget.frame_begins(frame(NGHTTP2_DATA), kStart));
  EXPECT_TRUE(budget.frame_begins(frame(NGHTTP2_DATA, 0, NGHTTP2_FLAG_END_STREAM), kStart));
  EXPECT_TRUE(budget.frame_begins(frame(NGHTTP2_PING), kStart));
  EXPECT_TRUE(budget.frame_begins(frame(NGHTTP2_DATA, 0), kStart));
  EXPECT_FALSE(budget.frame_begins(frame(NGHTTP2_WINDOW_UPDATE), kStart));
}

TEST(ServerBudget, DataThatTheClientTakesEarnsItFramesOfItsOwn) {
  ServerLimits limits;
  limits.idle_frames = {2, 1};
  ServerBudget budget(limits, kStart);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(budget.frame_begins(frame(NGHTTP2_WINDOW_UPDATE), kStart));
    budget.data_sent();
  }
}

}  // namespace
}  // namespace sallyport::h2
