#include "base/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST(Random, AForkedProcessGoesOnWithOtherBytesThanItsParent) {
  std::array<unsigned char, 16> ours{}, theirs{};
  fill_with_random(ours);  // so that there is a block whose rest both would have
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    fill_with_random(theirs);
    ::_exit(::write(pipe[1], theirs.data(), theirs.size()) == 16 ? 0 : 1);
  }
  fill_with_random(ours);
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_EQ(::read(pipe[0], theirs.data(), theirs.size()), 16);
  EXPECT_NE(ours, theirs);
  for (int end : pipe) ::close(end);
}

}  // namespace
}  // namespace sallyport
