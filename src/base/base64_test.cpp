#include "base/base64.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Base64, DecodesWithAndWithoutPadding) {
  EXPECT_EQ(base64_decode("aGVsbG8="), "hello");
  EXPECT_EQ(base64_decode("aGVsbG8"), "hello");
  EXPECT_EQ(base64_decode("aGk="), "hi");
  EXPECT_EQ(base64_decode("YQ=="), "a");
  EXPECT_EQ(base64_decode(""), "");
}

TEST(Base64, RefusesForeignCharactersAndImpossibleLengths) {
  EXPECT_EQ(base64_decode("aGVs bG8="), std::nullopt);
  EXPECT_EQ(base64_decode("a"), std::nullopt);
  EXPECT_EQ(base64_decode("a==="), std::nullopt);
}

}  // namespace
}  // namespace sallyport
