#include "base/setting_text.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using std::chrono::milliseconds;

TEST(SettingText, DurationsAreSecondsUnlessTheyHaveUnits) {
  EXPECT_EQ(parse_duration("60"), milliseconds(60'000));
  EXPECT_EQ(parse_duration("1h2m3s4ms"), milliseconds(3'723'004));
  EXPECT_EQ(parse_duration("1d"), milliseconds(86'400'000));
  for (auto text : {"", "s", "1x", "-1", "1.5s", "99999999999999999999", "9999999d", "1 m"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(SettingText, SizesAreBytesUnlessTheyHaveAUnit) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("8k"), 8192u);
  EXPECT_EQ(parse_size("2G"), 2147483648u);
  for (auto text : {"", "k", "1kb", "-1", "99999999999g"}) EXPECT_FALSE(parse_size(text)) << text;
}

TEST(SettingText, EditDistanceCountsLetters) {
  EXPECT_EQ(edit_distance("node_listen", "node_listen"), 0u);
  EXPECT_EQ(edit_distance("node_lisen", "node_listen"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace sallyport
