#include "base/regex.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

std::string replaced(std::string_view pattern, std::string_view text, std::string_view replacement, bool each) {
  return Regex::compile(pattern)->replace(text, replacement, each);
}

TEST(Regex, TheFirstMatchOrEachIsReplaced) {
  EXPECT_EQ(replaced("l", "hello", "L", false), "heLlo");
  EXPECT_EQ(replaced("l", "hello", "L", true), "heLLo");
  EXPECT_EQ(replaced("x", "hello", "L", true), "hello");
  EXPECT_EQ(replaced("", "ab", "-", true), "-a-b-");
}

TEST(Regex, GroupsAndDollarsStandInAReplacement) {
  EXPECT_EQ(replaced("(a)(b)?", "ab", "$2${1}x$0", false), "baxab");
  EXPECT_EQ(replaced("(a)(b)?", "a", "[$2][$9]", false), "[][]");
  EXPECT_EQ(replaced("a", "a", "$$1 $", false), "$1 $");
}

TEST(Regex, CaseIsIgnoredWhereAskedFor) {
  EXPECT_FALSE(Regex::compile("dev")->matches("DEV"));
  EXPECT_TRUE(Regex::compile("dev", Regex::Case::kIgnored)->matches("DEV"));
  EXPECT_FALSE(Regex::compile("("));
}

}  // namespace
}  // namespace sallyport
