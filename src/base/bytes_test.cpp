#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

TEST(HasUpperCase, FindsItWhereverItStands) {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    EXPECT_FALSE(has_upper_case(text)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (char upper : {'A', 'M', 'Z'}) {
        text[at] = upper;
        EXPECT_TRUE(has_upper_case(text)) << text;
      }
      text[at] = 'a';
    }
  }
}

TEST(HasUpperCase, OtherBytesAreNone) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(has_upper_case(std::string(8, c)), c >= 'A' && c <= 'Z') << byte;
    EXPECT_EQ(has_upper_case(std::string(3, c)), c >= 'A' && c <= 'Z') << byte;
  }
}

}  // namespace
}  // namespace sallyport
