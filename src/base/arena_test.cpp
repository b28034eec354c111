#include "base/arena.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

TEST(ArenaTest, CountsWhatItTakesBeyondItsFirstBlock) {
  Arena arena;
  arena.allocate(100);
  EXPECT_EQ(arena.extra_bytes(), 0u);
  arena.allocate(100'000);
  EXPECT_GE(arena.extra_bytes(), 100'000u);
  arena.reset();
  EXPECT_EQ(arena.extra_bytes(), 0u);
}

TEST(ArenaTest, RewindingGivesBackWhatCameSinceAndNothingElse) {
  Arena arena;
  std::string_view kept = arena.copy("kept");
  Arena::Mark mark = arena.mark();
  void* next = arena.allocate(16);
  for (int i = 0; i < 100; ++i) arena.allocate(1000);
  arena.rewind(mark);
  EXPECT_EQ(arena.extra_bytes(), 0u);
  EXPECT_EQ(arena.allocate(16), next);
  EXPECT_EQ(kept, "kept");
}

TEST(ArenaTest, RewindingToBeforeTheFirstBlockKeepsItForWhatFollows) {
  for (std::size_t size : {16u, 100'000u}) {
    Arena arena;
    Arena::Mark mark = arena.mark();
    arena.allocate(size);
    arena.rewind(mark);
    EXPECT_EQ(arena.extra_bytes(), 0u);
    EXPECT_EQ(arena.copy("text"), "text");
    EXPECT_EQ(arena.extra_bytes(), 0u);
  }
}

}  // namespace
}  // namespace sallyport
