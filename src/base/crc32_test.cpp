#include "base/crc32.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Crc32, HasItsCheckValue) {
  EXPECT_EQ(crc32_of("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32_of(""), 0u);
}

TEST(Crc32, TakesPieces) {
  Crc32 sum;
  sum.add("1234");
  Crc32 other = sum;
  sum.add("56789");
  EXPECT_EQ(sum.value(), crc32_of("123456789"));
  other.add("x");
  EXPECT_EQ(other.value(), crc32_of("1234x"));
}

}  // namespace
}  // namespace sallyport
