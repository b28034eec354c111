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

TEST(Nearest, IsAWordThatAFewLettersAreAwayFrom) {
  constexpr std::string_view kKnown[] = {"uri", "uris", "upstream", "upstream_id", "show_upstream_status"};
  EXPECT_EQ(nearest("upstrem", kKnown), "upstream");
  EXPECT_EQ(nearest("url", kKnown), "uri");
  EXPECT_EQ(nearest("u", kKnown), "");
  EXPECT_EQ(nearest("up_stre_am", kKnown), "upstream");
  EXPECT_EQ(nearest("upst", kKnown), "");
  EXPECT_EQ(nearest("shw_upstrem_staus", kKnown), "show_upstream_status");
  EXPECT_EQ(nearest("anything", {}), "");
  EXPECT_EQ(did_you_mean("upstrem", kKnown), "; did you mean upstream?");
  EXPECT_EQ(did_you_mean("labels", kKnown), "");
}

}  // namespace
}  // namespace sallyport
