#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace sallyport {
namespace {

TEST(Random, BytesDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::array<unsigned char, 16> bytes{};
    fill_with_random(bytes);
    seen.emplace(bytes.begin(), bytes.end());
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(Random, NumbersStayBelowTheirLimitAndReachEachValue) {
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(random_below(7));
  EXPECT_EQ(seen, (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(random_below(1), 0u);
}

}  // namespace
}  // namespace sallyport
