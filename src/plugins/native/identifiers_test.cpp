#include "plugins/native/identifiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sallyport::plugins::native {
namespace {

using testing::MatchesRegex;

constexpr WallTime kNow{std::chrono::milliseconds(1'700'000'000'123)};

TEST(Identifiers, EachHasItsForm) {
  EXPECT_THAT(make_uuid(), MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_THAT(make_uuid_v7(kNow), MatchesRegex("018bcfe5-687b-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_THAT(make_nanoid(), MatchesRegex("[A-Za-z0-9_-]{21}"));
  EXPECT_THAT(make_ksuid(kNow), MatchesRegex("[A-Za-z0-9]{27}"));
  EXPECT_THAT(make_from_alphabet("ab", 6), MatchesRegex("[ab]{6}"));
}

TEST(Identifiers, NoneComesTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 5000; ++i) {
    seen.insert(make_uuid());
    seen.insert(make_uuid_v7(kNow));
    seen.insert(make_nanoid());
    seen.insert(make_ksuid(kNow));
  }
  EXPECT_EQ(seen.size(), 20'000u);
}

TEST(Identifiers, ThoseWithTimeAreOrdered) {
  std::string before = make_uuid_v7(kNow);
  for (int i = 0; i < 10'000; ++i) {
    std::string next = make_uuid_v7(kNow);
    ASSERT_LT(before, next);
    before = next;
  }
  EXPECT_LT(make_ksuid(kNow), make_ksuid(kNow + std::chrono::seconds(1)));
}

}  // namespace
}  // namespace sallyport::plugins::native
