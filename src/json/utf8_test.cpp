#include "json/utf8.h"

#include <gtest/gtest.h>

namespace sallyport::json {
namespace {

TEST(Utf8, CodePointsOfEverySizeAreRecognised) {
  EXPECT_EQ(code_point_size("a"), 1u);
  EXPECT_EQ(code_point_size("\xc3\xa9"), 2u);
  EXPECT_EQ(code_point_size("\xe2\x82\xac"), 3u);
  EXPECT_EQ(code_point_size("\xf0\x9f\x98\x80"), 4u);
}

TEST(Utf8, OverlongFormsSurrogatesAndTruncatedBytesAreNone) {
  for (const char* text :
       {"", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3"}) {
    EXPECT_EQ(code_point_size(text), 0u);
  }
}

TEST(Utf8, CharactersAreCountedAndNotBytes) {
  EXPECT_EQ(count_code_points("a\xc3\xa9\xe2\x82\xac"), 3u);
  EXPECT_EQ(count_code_points("\xff\xff"), 2u);
}

}  // namespace
}  // namespace sallyport::json
