#include "base/arena.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport {
namespace {

// Notes that it has ended.
struct Ending {
  Ending(std::string& to, char own) : ended(to), name(own) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() { ended.push_back(name); }
  std::string& ended;
  char name;
};

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

TEST(ArenaTest, RewindingToTheBeginningTakesNoMoreThanBefore) {
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

TEST(ArenaTest, TextsStayAsTheyWereHoweverManyFollow) {
  Arena arena;
  std::vector<std::pair<std::string, std::string_view>> texts;
  for (std::size_t size : {1u, 15u, 16u, 17u, 5'000u, 8'000u, 9'000u, 100'000u, 3u}) {
    for (char c : {'a', 'b', 'c'}) {
      std::string text(size, c);
      texts.emplace_back(text, arena.copy(text));
    }
  }
  for (const auto& [text, copy] : texts) EXPECT_EQ(copy, text);
}

TEST(ArenaTest, WhatWasMadeLastEndsFirst) {
  std::string ended;
  Arena arena;
  for (char name : {'a', 'b', 'c'}) arena.make<Ending>(ended, name);
  arena.reset();
  EXPECT_EQ(ended, "cba");
  arena.make<Ending>(ended, 'd');
  arena.reset();
  EXPECT_EQ(ended, "cbad");
}

TEST(ArenaTest, ArenasThatTakeTurnsShareNoMemory) {
  Arena first, second;
  for (int turn = 0; turn < 3; ++turn) {
    std::string_view a = first.copy(std::string(7'000, 'a'));
    std::string_view b = second.copy(std::string(7'000, 'b'));
    first.reset();
    std::string_view c = first.copy(std::string(20'000, 'c'));
    EXPECT_EQ(b, std::string(7'000, 'b'));
    EXPECT_EQ(c, std::string(20'000, 'c'));
    second.reset();
    EXPECT_EQ(a.size(), 7'000u);
  }
}

}  // namespace
}  // namespace sallyport
