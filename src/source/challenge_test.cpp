#include "source/challenge.h"

#include <gtest/gtest.h>

namespace sallyport::source {
namespace {

TEST(Challenge, OfARegistryNamesTheTokenService) {
  auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull")");
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].realm, "https://auth.example/token");
  EXPECT_EQ(challenges[0].service, "registry.example");
  EXPECT_EQ(challenges[0].scope, "repository:a/b:pull");
}

TEST(Challenge, MayBeOneOfSeveral) {
  auto challenges = parse_challenges(R"(Negotiate, Basic realm="a, \"b\"" , charset=UTF-8, Bearer realm=x)");
  ASSERT_EQ(challenges.size(), 3u);
  EXPECT_EQ(challenges[0].scheme, "negotiate");
  EXPECT_EQ(challenges[1].realm, "a, \"b\"");
  EXPECT_EQ(challenges[2].realm, "x");
}

TEST(Challenge, ThatIsBrokenEndsTheList) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges(R"(realm="x")").empty());
  EXPECT_EQ(parse_challenges(R"(Bearer realm="never ends)").size(), 1u);
  EXPECT_EQ(parse_challenges(R"(Bearer realm="never ends)")[0].realm, "");
  EXPECT_EQ(parse_challenges("Basic \x01 Bearer").size(), 1u);
}

}  // namespace
}  // namespace sallyport::source
